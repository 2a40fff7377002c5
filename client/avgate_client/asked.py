"""What is asked, about whom: the bodies of submissions, with every value out of a repr."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias, TypedDict

from avgate_client.errors import InvalidCallError
from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Operation

Identifiers: TypeAlias = Mapping[str, str] | Iterable[Identifier]


@dataclass(frozen=True, slots=True)
class DataSubject:
    """The person whose data it is: `{"phone": "+31…"}`, or Identifiers with the days they held.

    `name` is for letters; nobody is found by it.
    """

    identifiers: Identifiers = field(repr=False)
    name: str | None = field(default=None, repr=False)
    language: Literal["nl", "en"] | None = None

    def to_json(self) -> dict[str, Json]:
        """As the API takes it; raises InvalidCallError, which never repeats a value."""
        found = [_identifier(one) for one in _identifiers(self.identifiers)]
        return {"identifiers": [*found], **_given(name=self.name, language=self.language)}


@dataclass(frozen=True, slots=True)
class Identity:
    """That identity was verified, how, by whom and when (aware).

    The moment belongs to the request: submit the same one again under the same key.
    """

    method: str
    verified_by: str = field(repr=False)
    verified_at: datetime

    def to_json(self) -> dict[str, Json]:
        if self.verified_at.tzinfo is None:
            raise InvalidCallError("verified_at must name its zone: datetime.now(UTC)")
        return {
            "method": self.method,
            "verified_by": self.verified_by,
            "verified_at": self.verified_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One value to correct: the one that is now `before`; without it only where there is no other."""

    field: Field | str
    after: str = dataclasses.field(repr=False)
    before: str | None = dataclasses.field(default=None, repr=False)

    def to_json(self) -> dict[str, Json]:
        return {"field": str(self.field), "to": self.after, **_given(**{"from": self.before})}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the request is narrowed to; everything, where nothing is named."""

    connectors: Sequence[str] = ()
    categories: Sequence[Category | str] = ()

    def to_json(self) -> dict[str, Json]:
        return {
            "connectors": [*self.connectors],
            "categories": [str(category) for category in self.categories],
        }


class Options(TypedDict, total=False):
    """What every submission may say besides.

    `identifiers`: instead of a DataSubject. `identity`: without it the request waits for that.
    `note`: for the staff who handle it. `callback_url`: who is told what becomes of it.
    `submitted_at`: when the person asked, if that was before now (aware): the days to answer count from it. `key`: the Idempotency-Key; a new one where none is given.
    """

    identifiers: Identifiers
    identity: Identity | None
    scope: Scope | None
    note: str | None
    callback_url: str | None
    submitted_at: datetime | None
    key: str | None


def body(
    operation: Operation,
    subject: DataSubject | None,
    options: Options,
    *,
    changes: Iterable[Change] = (),
    recipient: str | None = None,
) -> dict[str, Json]:
    """A submission as the API takes it; raises InvalidCallError."""
    identifiers = options.get("identifiers")
    if (subject is None) == (identifiers is None):
        raise InvalidCallError("say whom it is about: a DataSubject, or identifiers")
    about = subject if subject is not None else DataSubject(identifiers or {})
    identity, scope = options.get("identity"), options.get("scope")
    submitted_at = options.get("submitted_at")
    if submitted_at is not None and submitted_at.tzinfo is None:
        raise InvalidCallError("submitted_at must name its zone: datetime.now(UTC)")
    return {
        "operation": operation.value,
        "subject": about.to_json(),
        **_given(
            identity=identity.to_json() if identity else None,
            scope=scope.to_json() if scope else None,
            changes=[change.to_json() for change in changes] or None,
            note=options.get("note"),
            callback_url=options.get("callback_url"),
            submitted_at=submitted_at.isoformat() if submitted_at else None,
            recipient=recipient,
        ),
    }


def _given(**members: Json) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}


def _identifiers(given: Identifiers) -> Iterable[Identifier]:
    if not isinstance(given, Mapping):
        return given
    return [_read(kind, value) for kind, value in given.items()]


def _read(kind: str, value: str) -> Identifier:
    known = IdentifierKind.__members__.values()
    if kind not in known:
        raise InvalidCallError(f"an identifier is one of: {', '.join(known)}")
    try:
        return Identifier.of(IdentifierKind(kind), value)
    except InvalidIdentifierError as error:
        raise InvalidCallError(str(error)) from None


def _identifier(one: Identifier) -> Json:
    days = _given(valid_from=_day(one.valid_from), valid_until=_day(one.valid_until))
    return {"kind": one.kind.value, "value": one.value, **days}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
