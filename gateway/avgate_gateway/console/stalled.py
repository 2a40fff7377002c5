"""Why a request stands still, for staff who read Dutch: the gateway says it in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

_WELL: Final = "Het gaat vanzelf verder; vraag wie dat systeem beheert of alles er goed gaat."
_DUE: Final = r"It has been due since (?P<since>\S+)"
_SHAPES: Final = tuple(
    (re.compile(shape), dutch)
    for shape, dutch in (
        (
            (
                r"A mistake of the gateway's own \((?P<kind>.*)\) has stopped it (?P<times>once|\d+ times) "
                r"since (?P<since>\S+)\. It is tried again .*"
            ),
            (
                "Een fout van de gateway zelf ({kind}) heeft het {times} tegengehouden sinds {since}. Het wordt "
                "elke 30 seconden opnieuw geprobeerd: laat de beheerder van de gateway het melden, met wat er "
                "in het log staat."
            ),
        ),
        (
            r"What is stored of it has not opened since (?P<since>\S+): .*",
            (
                "Wat van het verzoek is opgeslagen, gaat niet open sinds {since}: het is in de database gewijzigd, "
                "of er ontbreekt een hoofdsleutel. Het wordt elke 30 seconden opnieuw geprobeerd: laat de beheerder "
                "van de gateway nagaan wie in de database schrijft, en die of de sleutel van een back-up terugzetten."
            ),
        ),
        (
            rf"{_DUE}\. All places at (?P<systems>.*) are taken, .*",
            (
                "Het had sinds {since} verder moeten gaan. Alle plaatsen bij {systems} zijn bezet door verzoeken "
                f"die traag of niet worden beantwoord. {_WELL}"
            ),
        ),
        (
            rf"{_DUE}\. Not done yet is what (?P<systems>.*) has to do, .*",
            (
                "Het had sinds {since} verder moeten gaan. Nog niet klaar is wat {systems} moet doen: dat kan "
                f"traag zijn, of veel te melden hebben. {_WELL}"
            ),
        ),
        (
            rf"{_DUE}, and it has not had its turn\. .*",
            (
                "Het had sinds {since} verder moeten gaan, en is nog niet aan de beurt geweest. Het gaat vanzelf "
                "verder; zo niet, laat de beheerder van de gateway dan kijken bij GET /health/ready."
            ),
        ),
        (
            r"More erasures than usual were to begin within an hour\. .*",
            (
                "Er zouden binnen een uur meer verzoeken om wissen beginnen dan gewoonlijk. De afzender heeft "
                "geen tweede persoon nodig, maar dit verzoek wel: ga na of het zo bedoeld is, en keur het "
                "voorbeeld goed of wijs het af."
            ),
        ),
    )
)


def told(sentence: str, titles: Mapping[str, str], moment: Callable[[datetime], str]) -> str | None:
    """The sentence in Dutch, with systems by their titles; None for one that is not known here."""
    for shape, dutch in _SHAPES:
        if found := shape.fullmatch(sentence):
            return dutch.format(**dict(_parts(found.groupdict(), titles, moment)))
    return None


def _parts(
    found: Mapping[str, str], titles: Mapping[str, str], moment: Callable[[datetime], str]
) -> Iterator[tuple[str, str]]:
    for name, text in found.items():
        match name:
            case "since":
                yield name, moment(datetime.fromisoformat(text))
            case "times":
                yield name, "één keer" if text == "once" else f"{text.partition(' ')[0]} keer"
            case "systems":
                named = [titles.get(one, one) for one in re.split(r", | and ", text)]
                yield name, " en ".join(filter(None, (", ".join(named[:-1]), named[-1])))
            case _:
                yield name, text
