"""Days, names and lists of words, as a reader of the letter's language says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from avgate_contracts.vocabulary import Field
from avgate_gateway.letter.facts import System
from avgate_gateway.letter.words import Words

_DUTCH_LAWS: Final = {
    "GDPR": "AVG",
    "Tw": "Telecommunicatiewet",
    "AWR": "Algemene wet inzake rijksbelastingen",
}
_PLACE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:\(([0-9]+)\))?(?:\(([a-z])\))?")


def told_day(words: Words, day: date) -> str:
    """A day that no line break tears apart."""
    told = words.date.format(day=day.day, month=words.months[day.month - 1], year=day.year)
    return told.replace(" ", "\N{NO-BREAK SPACE}")


def told_fields(words: Words, fields: Sequence[Field]) -> str:
    """Each field once, in the order in which they were asked for."""
    return listed([*dict.fromkeys(words.fields[name] for name in fields)])


def listed(parts: Sequence[str]) -> str:
    return ", ".join(parts)


def named(words: Words, systems: Mapping[str, System], connector: str) -> str:
    """A system as people know it."""
    title = systems[connector].title if connector in systems else connector
    return words.names.get(title, title)


def article(text: str, language: str) -> str:
    """A reference to the law as it is written in this language; only Dutch differs.

    "GDPR Art. 17(3)(b); AWR Art. 52(4)" is "artikel 17 lid 3 onder b AVG; artikel 52 lid 4
    Algemene wet inzake rijksbelastingen".
    """
    return "; ".join(_in_dutch(text)) if language == "nl" else text


def _in_dutch(text: str) -> Iterator[str]:
    for one in text.split("; "):
        law, _, places = one.partition(" Art. ")
        told = [_place(place) for place in places.split(", ")]
        yield f"artikel {' en '.join(told)} {_DUTCH_LAWS.get(law, law)}"


def _place(text: str) -> str:
    found = _PLACE.fullmatch(text)
    if found is None:
        return text
    number, paragraph, letter = found.groups()
    parts = (number, f"lid {paragraph}" if paragraph else "", f"onder {letter}" if letter else "")
    return " ".join(part for part in parts if part)
