"""The personal part of a request, to and from the bytes that the vault seals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import orjson

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import FieldChange
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Field, IdentifierKind
from avgate_gateway.plan import WantedChange
from avgate_gateway.request import Confidential

CONTEXT = "confidential part"
CALLBACK = "callback"  # where the address is sealed that a request came with


def to_bytes(part: Confidential) -> bytes:
    subject = part.subject
    return orjson.dumps(
        {
            "reference": subject.reference,
            "language": subject.language,
            "identifiers": [_plain(i) for i in subject.identifiers],
            "changes": [[c.name.value, c.before, c.after] for c in part.changes],
            "recipient": part.recipient,
        }
    )


def from_bytes(plain: bytes) -> Confidential:
    read = orjson.loads(plain)
    subject = DataSubject(
        reference=read["reference"],
        identifiers=tuple(_identifier(*one) for one in read["identifiers"]),
        language=read["language"],
    )
    changes = tuple(WantedChange(Field(n), before, after) for n, before, after in read["changes"])
    return Confidential(subject, changes, read.get("recipient"))


def identifiers_to_bytes(identifiers: Iterable[Identifier]) -> bytes:
    return orjson.dumps([_plain(i) for i in identifiers])


def identifiers_from_bytes(plain: bytes) -> tuple[Identifier, ...]:
    return tuple(_identifier(*one) for one in orjson.loads(plain))


def changes_to_bytes(changes: tuple[FieldChange, ...]) -> bytes:
    return orjson.dumps([[c.name.value, c.before, c.after] for c in changes])


def changes_from_bytes(plain: bytes) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(Field(n), before, after) for n, before, after in orjson.loads(plain))


def fields_to_bytes(fields: Mapping[Field, tuple[str, ...]]) -> bytes:
    return orjson.dumps({name.value: values for name, values in fields.items()})


def fields_from_bytes(plain: bytes) -> Mapping[Field, tuple[str, ...]]:
    return {Field(name): tuple(values) for name, values in orjson.loads(plain).items()}


def _plain(identifier: Identifier) -> list[object]:
    return [
        identifier.kind.value,
        identifier.value,
        identifier.valid_from,
        identifier.valid_until,
    ]


def _identifier(kind: str, value: str, begins: str | None, ends: str | None) -> Identifier:
    return Identifier(IdentifierKind(kind), value, _day(begins), _day(ends))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
