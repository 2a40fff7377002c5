"""What an upstream knows the subject by, for the others to look by.

A contract administration says since when a number is somebody's. A name card does not: what stands
on it may be shared, or somebody else's by now. So it is passed on together with the name on the
card, and what is found by it alone is believed only where it bears that name too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import orjson

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, Field, IdentifierKind
from avgate_gateway import confidential
from avgate_gateway.vault import Box

LEARNED = "identifiers that were learned"
_PASSED_ON = frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.CUSTOMER_ID})


class Name(NamedTuple):
    """A name in full, without what is only spelling: a family has one name, and many an initial."""

    given: str
    family: str


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on the name cards of one upstream, and whose names."""

    identifiers: tuple[Identifier, ...] = ()
    names: tuple[Name, ...] = ()

    def is_of(self, record: Record, day: date | None) -> bool:
        """Whether a record has an identifier of the card, on that day, and its name."""
        bearer = DataSubject("", self.identifiers)
        return bearer.known_by(record.identifiers, day) and not (
            _names(record.fields).isdisjoint(self.names)
        )

    def without(self, known: Iterable[tuple[IdentifierKind, str]]) -> Card:
        """What the card tells beyond that."""
        known = frozenset(known)
        more = tuple(i for i in self.identifiers if (i.kind, i.value) not in known)
        return replace(self, identifiers=more)


@dataclass(frozen=True, slots=True)
class Learned:
    """What one upstream said: for sure, and on name cards."""

    sure: tuple[Identifier, ...] = ()
    card: Card = Card()


@dataclass(slots=True)
class Lesson:
    """Gathers, record by record, what else an upstream knows the subject by."""

    today: date
    sure: set[Identifier] = field(default_factory=set)
    on_card: set[Identifier] = field(default_factory=set)
    names: set[Name] = field(default_factory=set)

    def hear(self, record: Record) -> None:
        told = [i for i in record.identifiers if i.kind in _PASSED_ON]
        if record.item.category is Category.CONTACT:
            self.sure.update(told)
        elif record.item.category is Category.CONTACTS and (names := _names(record.fields)):
            self.on_card.update(self._from_today(i) for i in told)
            self.names.update(names)

    def _from_today(self, told: Identifier) -> Identifier:
        """A number is handed on: that it is on a card says nothing of the days before."""
        if told.kind is not IdentifierKind.PHONE or told.valid_from is not None:
            return told
        return replace(told, valid_from=self.today)

    def sealed(self, box: Box) -> bytes:
        """What was learned, sealed under the subject's key."""
        sure, on_card = (_plain(known) for known in (self.sure, self.on_card))
        return box.seal(
            orjson.dumps([sure, on_card, [[*name] for name in sorted(self.names)]]), LEARNED
        )


def opened(sealed: bytes, box: Box) -> Learned:
    sure, on_card, names = orjson.loads(box.open(sealed, LEARNED))
    return Learned(_read(sure), Card(_read(on_card), tuple(Name(*name) for name in names)))


def _plain(known: Iterable[Identifier]) -> orjson.Fragment:
    ordered = sorted(known, key=lambda i: (i.kind, i.value, i.valid_from or date.min))
    return orjson.Fragment(confidential.identifiers_to_bytes(ordered))


def _read(plain: object) -> tuple[Identifier, ...]:
    return confidential.identifiers_from_bytes(orjson.dumps(plain))


def _names(fields: Mapping[Field, tuple[str, ...]]) -> set[Name]:
    """None where a part of it is missing: half a name is a whole household's."""
    given, family = (
        {_plainest(text) for text in fields.get(part, ())} - {""}
        for part in (Field.NAME_GIVEN, Field.NAME_FAMILY)
    )
    return {Name(one, other) for one in given for other in family}


def _plainest(text: str) -> str:
    """Capitals, accents and dashes come and go between systems."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
