"""The reasons that are recorded in English, for a person who reads Dutch.

Our own sentences have a Dutch one. What a connector says is its own: it stays as it is, quoted
behind a Dutch sentence that says what its code means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.report import Ending
from avgate_gateway.retention.ground import GROUNDS, PART_OF_A_SERVICE
from avgate_gateway.store.tasks import TaskCode

_OWN: Final[Mapping[str, str]] = {
    **{one.sentence: one.sentence_nl for one in (*GROUNDS.values(), PART_OF_A_SERVICE)},
    "there is no interface to erase it here": "er is hier geen koppeling om het te verwijderen",
    "there is no interface to change it here": "er is hier geen koppeling om het te wijzigen",
    "there is no interface to access here": "er is hier geen koppeling om gegevens in te zien",
    "there is no interface to export here": "er is hier geen koppeling om gegevens over te dragen",
    "there is no interface to erase here": "er is hier geen koppeling om gegevens te verwijderen",
    "there is no interface to rectify here": "er is hier geen koppeling om gegevens te verbeteren",
    "it holds neither the old nor the new value": "er staat niet de oude en niet de nieuwe waarde",
    "it holds several values that may be meant: say which one is to be replaced (from)": (
        "er staan meer waarden die bedoeld kunnen zijn: zeg welke vervangen moet worden"
    ),
    "what fits in its other fields was not changed either": (
        "wat in de andere velden wel past, is ook niet gewijzigd"
    ),
    "what was found here by a name card elsewhere does not say that it is the same person's; "
    "give an identifier that it is known by here": (
        "wat hier is gevonden met een naam uit een ander systeem, zegt niet dat het van dezelfde "
        "persoon is; geef een gegeven waaronder de persoon hier bekend is"
    ),
    "elsewhere, what was given fits more than one person; nothing is shown or done here": (
        "elders past wat is opgegeven bij meer dan één persoon; hier wordt niets getoond of gedaan"
    ),
    "elsewhere, what was given fits more than one person; nothing more is done here until a person "
    "has said who is meant": (
        "elders past wat is opgegeven bij meer dan één persoon; hier gebeurt niets meer tot iemand "
        "heeft gezegd wie het is"
    ),
    "the connector is no longer in the config": (
        "de koppeling met dit systeem staat niet meer in de configuratie"
    ),
    "a person refused the plan that it was part of": (
        "een medewerker heeft het plan afgewezen waar dit bij hoorde"
    ),
    "the connector did not say what became of it": (
        "de koppeling heeft niet gezegd wat ermee is gebeurd"
    ),
    "the upstream accepted it, and knows nothing of it any more": (
        "het systeem nam de opdracht aan, en weet er niets meer van"
    ),
    "it does not say whether it did what it was told, and what was to change is still there": (
        "het systeem zegt niet of het de opdracht heeft uitgevoerd, en alles staat er nog"
    ),
    "the upstream accepted, but there is no way to ask about it": (
        "het systeem nam de opdracht aan, maar er is niet na te vragen of het is gebeurd"
    ),
    "the system says that something else was done than what was asked of it": (
        "het systeem zegt dat er iets anders is gedaan dan is gevraagd"
    ),
    "the system confirmed it for later, and not for which day: ask there": (
        "het systeem bevestigde het voor later, maar niet voor welke dag: vraag het daar na"
    ),
    "looking again, the upstream still shows it": ("bij het nakijken stond het nog in het systeem"),
    "the day it was confirmed for has come, and it is still shown": (
        "de toegezegde dag is voorbij, en het staat nog in het systeem"
    ),
    "it came back after it was gone: probably fed in from elsewhere": (
        "het was weg en kwam terug: waarschijnlijk is het van elders opnieuw aangeleverd"
    ),
    "its row is not as it was when somebody approved the plan, so it was left alone": (
        "het is niet meer zoals bij het akkoord, en daarom is er niets mee gedaan"
    ),
    "it changed upstream after the plan was made, and would be treated otherwise today": (
        "het is na het voorbeeld in het systeem gewijzigd, en zou nu anders worden behandeld"
    ),
    "restriction (GDPR Art. 18) is not relevant to these services, says Libervoice's privacy "
    "statement of them": (
        "beperking (AVG art. 18) is niet relevant voor deze diensten, zegt de privacyverklaring "
        "van Libervoice"
    ),
    "objection (GDPR Art. 21(1)) is not relevant to these services, says Libervoice's privacy "
    "statement of them": (
        "bezwaar (AVG art. 21 lid 1) is niet relevant voor deze diensten, zegt de "
        "privacyverklaring van Libervoice"
    ),
}
_SHAPES: Final = (
    (
        re.compile(
            r"nobody can be looked up here by what is known; it takes one of: (?P<kinds>.*)"
        ),
        "met wat bekend is, is hier niemand op te zoeken; nodig is een van deze gegevens: {kinds}",
    ),
    (
        re.compile(
            r"(?P<part>.*) was not asked: it knows nobody by what is known; "
            r"it takes one of: (?P<kinds>.*)"
        ),
        "in {part} is niet gekeken: daar is niemand op te zoeken met wat bekend is; nodig is: {kinds}",
    ),
    (
        re.compile(
            r"(?P<part>.*) was not asked by every (?P<kinds>.*) that was given: "
            r"nobody says on which days it was theirs; give the days"
        ),
        (
            "in {part} is niet met elk opgegeven gegeven gekeken ({kinds}): niet bekend is op welke "
            "dagen het van deze persoon was; geef de dagen"
        ),
    ),
    (
        re.compile(r"(?P<part>.*) has no interface to ask by: a person has to ask"),
        "{part} heeft geen koppeling: een medewerker moet het navragen",
    ),
    (
        re.compile(r"it was kept by an earlier erasure: request (?P<id>.*)"),
        "het is bij een eerder verzoek om verwijdering bewaard: verzoek {id}",
    ),
    (
        re.compile(r"an earlier erasure left it to a person: request (?P<id>.*)"),
        "bij een eerder verzoek om verwijdering moet een medewerker dit nog doen: verzoek {id}",
    ),
    (
        re.compile(r"a person asked (?P<part>.*)"),
        "een medewerker heeft het nagevraagd bij {part}",
    ),
)
_KINDS: Final[Mapping[str, str]] = {
    IdentifierKind.PHONE: "telefoonnummer",
    IdentifierKind.EMAIL: "e-mailadres",
    IdentifierKind.CUSTOMER_ID: "klantnummer",
    IdentifierKind.XELION_ID: "nummer in Xelion",
    IdentifierKind.ICCID: "nummer van de simkaart (ICCID)",
    IdentifierKind.IMSI: "abonneenummer van de simkaart (IMSI)",
    IdentifierKind.IP: "IP-adres",
    IdentifierKind.NAME_ADDRESS: "naam en adres",
}
_LEADS: Final[Mapping[str, str]] = {
    TaskCode.NOT_RELEVANT: "dit recht gaat niet over dit systeem",
    TaskCode.CANNOT_FIND: "met wat bekend is, is hier niemand op te zoeken",
    TaskCode.UNSUPPORTED: "dit systeem heeft hiervoor geen koppeling",
    TaskCode.AMBIGUOUS: "wat is opgegeven, past bij meer dan één persoon",
    TaskCode.HELD_BACK: "elders past wat is opgegeven bij meer dan één persoon",
    TaskCode.REFUSED: "het systeem weigerde het",
    TaskCode.UNAVAILABLE: "het systeem was niet bereikbaar",
    TaskCode.OUTCOME_UNKNOWN: "het systeem heeft niet laten weten of het is gelukt",
    TaskCode.MISCONFIGURED: "de koppeling met dit systeem is niet goed ingesteld",
    TaskCode.CONTRACT_BROKEN: "het systeem antwoordde anders dan is afgesproken",
    TaskCode.FAULT: "er ging iets mis in de koppeling met dit systeem",
    TaskCode.ALTERED: "het verzoek is niet meer zoals erover besloten is; er is niets mee gedaan",
    TaskCode.DONE_BY_HAND: "een medewerker heeft het met de hand gedaan",
    "service_runs": "de dienst loopt nog",
}
_ANY: Final = "het systeem geeft hiervoor een reden"


def told(detail: str | None, code: str | None, language: str) -> str | None:
    """A reason for a reader of this language; only Dutch differs from what is recorded."""
    if detail is None or language != "nl":
        return detail
    own = _own(detail)
    return own or f'{_LEADS.get(code or "", _ANY)}; de melding zelf, in het Engels: "{detail}"'


def told_of(ending: Ending, language: str) -> Ending:
    """The same ending with its detail for a reader of this language."""
    return replace(ending, detail=told(ending.detail, ending.reason, language))


def translated() -> frozenset[str]:
    """Our sentences that have a Dutch one, besides those with something to fill in."""
    return frozenset(_OWN)


def _own(detail: str) -> str | None:
    """The Dutch for a sentence of ours, or several of them; None for anybody else's."""
    if detail in _OWN:
        return _OWN[detail]
    for shape, dutch in _SHAPES:
        if found := shape.fullmatch(detail):
            parts = found.groupdict()
            return dutch.format(**{**parts, "kinds": _kinds(parts.get("kinds") or "")})
    several = [_OWN.get(one) for one in detail.split("; ")]
    return None if None in several else "; ".join(one for one in several if one)


def _kinds(named: str) -> str:
    return ", ".join(_KINDS.get(kind, kind) for kind in named.split(", "))
