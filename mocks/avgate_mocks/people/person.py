"""What an invented person is made of; upstreams store it each in their own shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from avgate_contracts.vocabulary import IdentifierKind, Product


@dataclass(frozen=True, slots=True)
class Period:
    """From midnight UTC of one day up to, and without, midnight UTC of another; None is open."""

    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Name:
    given: str
    prefix: str  # "van der", or empty
    family: str

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.given, self.prefix, self.family) if part)


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    number: str  # with its addition: "12-A"
    postcode: str  # "1234 AB"
    city: str

    @property
    def full(self) -> str:
        return f"{self.street} {self.number}, {self.postcode} {self.city}"


@dataclass(frozen=True, slots=True)
class Line:
    """One telephone number while it was this person's."""

    number: str  # E.164
    product: Product  # VOICE or MOBILE
    held: Period
    extension: str
    iccid: str | None = None  # MOBILE only
    imsi: str | None = None  # MOBILE only


@dataclass(frozen=True, slots=True)
class Volume:
    """How many of each kind of record an upstream starts with."""

    calls: int = 0  # call records in the core network
    sessions: int = 0  # internet sessions on the WAN line
    voicemails: int = 0
    recordings: int = 0
    contacts: int = 0  # the person's own address book
    xelion_calls: int = 0
    xelion_voicemails: int = 0
    xelion_recordings: int = 0
    xelion_contacts: int = 0


@dataclass(frozen=True, slots=True)
class Identifier:
    kind: IdentifierKind
    value: str
    valid_from: date | None = None
    valid_until: date | None = None  # the first day that it is no longer theirs

    def as_json(self) -> dict[str, str]:
        dates = {"valid_from": self.valid_from, "valid_until": self.valid_until}
        known = {name: day.isoformat() for name, day in dates.items() if day is not None}
        return {"kind": self.kind, "value": self.value, **known}


@dataclass(frozen=True, slots=True)
class Person:
    id: str  # "p-0001": the mocks' own name for a person, no upstream knows it
    position: int  # 1 for "p-0001"
    controller: str
    customer_id: str
    name: Name
    gender: str  # "female" or "male"
    address: Address
    emails: tuple[str, ...]
    lines: tuple[Line, ...]  # in order of `held.start`
    ip: str
    iban: str
    contract: Period
    products: frozenset[Product]  # which services they have or had
    xelion_id: str | None  # the OID of their addressable, None if Xelion does not know them
    known_to: frozenset[str]  # names of mocks
    volume: Volume

    def runs(self, day: date) -> bool:
        return self.contract.covers(day)

    def identifiers(self) -> tuple[Identifier, ...]:
        """Every way to find this person, always in the same order."""
        return tuple(self._identifiers())

    def _identifiers(self) -> Iterator[Identifier]:
        yield Identifier(IdentifierKind.CUSTOMER_ID, self.customer_id)
        yield from (Identifier(IdentifierKind.EMAIL, email) for email in self.emails)
        for line in self.lines:
            yield from _of_line(line)
        if self.xelion_id is not None:
            yield Identifier(IdentifierKind.XELION_ID, self.xelion_id)
        yield Identifier(IdentifierKind.IP, self.ip)
        yield Identifier(IdentifierKind.NAME_ADDRESS, f"{self.name.full}, {self.address.full}")


def _of_line(line: Line) -> Iterator[Identifier]:
    values: Mapping[IdentifierKind, str | None] = {
        IdentifierKind.PHONE: line.number,
        IdentifierKind.ICCID: line.iccid,
        IdentifierKind.IMSI: line.imsi,
    }
    for kind, value in values.items():
        if value is not None:
            yield Identifier(kind, value, line.held.start, line.held.end)
