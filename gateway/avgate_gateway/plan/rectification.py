"""What a rectification would change in each item, with before and after."""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import canonical
from avgate_contracts.record import FieldChange, ItemChange, ItemRef, Json
from avgate_contracts.vocabulary import Field, IdentifierKind, Operation
from avgate_gateway.plan.digest import item_digest, plan_digest


class Fit(StrEnum):
    """How a wanted value fits what an item holds."""

    CHANGE = "change"
    ALREADY_RIGHT = "already_right"
    DIFFERS = "differs"  # neither the value to replace nor the new one: a person has to look
    NOT_HELD = "not_held"


@dataclass(frozen=True, slots=True)
class WantedChange:
    """A rectification as the data subject asks for it; `before` is None where none was given."""

    name: Field
    before: str | None = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocatedFields:
    """An item that a connector holds, with its rectifiable values."""

    connector: str
    item_id: str
    item: ItemRef
    fields: Mapping[Field, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FieldFit:
    """What becomes of one field of an item; `held` is None where the item has no such field."""

    name: Field
    fit: Fit
    held: str | None = field(repr=False)
    after: str = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        """With the values, for the people who decide: not for logs or evidence."""
        return {
            "field": self.name.value,
            "fit": self.fit.value,
            "from": self.held,
            "to": self.after,
        }


@dataclass(frozen=True, slots=True)
class ItemRectification:
    """What becomes of one item."""

    connector: str
    item_id: str
    item: ItemRef
    fields: tuple[FieldFit, ...]

    @property
    def change(self) -> ItemChange | None:
        """What to send to the connector; None where nothing has to change."""
        changes = tuple(
            FieldChange(fit.name, fit.held or "", fit.after)
            for fit in self.fields
            if fit.fit is Fit.CHANGE
        )
        return ItemChange(self.item, changes) if changes else None

    def to_json(self) -> dict[str, Json]:
        return {
            "connector": self.connector,
            "item": self.item_id,
            "category": self.item.category.value,
            "product": self.item.product.value,
            "fields": [fit.to_json() for fit in self.fields],
        }


@dataclass(frozen=True, slots=True)
class RectificationPlan:
    """The preview of a rectification."""

    request_id: str
    digest: str
    valid_until: datetime
    items: tuple[ItemRectification, ...]

    def to_json(self) -> dict[str, Json]:
        """With before and after, for the people who decide: not for logs or evidence."""
        return {
            "request_id": self.request_id,
            "operation": Operation.RECTIFY.value,
            "digest": self.digest,
            "valid_until": self.valid_until.isoformat(),
            "items": [item.to_json() for item in self.items],
        }


def plan_rectification(
    located: Iterable[LocatedFields],
    wanted: Sequence[WantedChange],
    *,
    request_id: str,
    valid_until: datetime,
    key: bytes,
) -> RectificationPlan:
    """Compares what is wanted with what each item holds; raises ValueError for a field wanted twice.

    The digest binds every value through an HMAC under `key`, the request's own: once that key is
    destroyed nobody can find out a value by trying which one gives the digest in the evidence.
    """
    if len({change.name for change in wanted}) != len(wanted):
        raise ValueError("a field can be changed to one value only: give each field once")
    items = tuple(
        ItemRectification(
            each.connector, each.item_id, each.item, tuple(_fit(w, each.fields) for w in wanted)
        )
        for each in sorted(located, key=lambda each: (each.connector, each.item_id))
    )
    digests = [_sealed(item, key) for item in items]
    digest = plan_digest([request_id, Operation.RECTIFY.value], digests)
    return RectificationPlan(request_id, digest, valid_until, items)


def _fit(wanted: WantedChange, fields: Mapping[Field, str]) -> FieldFit:
    held = fields.get(wanted.name)
    return FieldFit(wanted.name, _compare(wanted, held), held, wanted.after)


def _compare(wanted: WantedChange, held: str | None) -> Fit:
    if held is None:
        return Fit.NOT_HELD
    now = _comparable(wanted.name, held)
    if now == _comparable(wanted.name, wanted.after):
        return Fit.ALREADY_RIGHT
    if wanted.before is not None and now != _comparable(wanted.name, wanted.before):
        return Fit.DIFFERS
    return Fit.CHANGE


def _comparable(name: Field, value: str) -> str:
    """The value without what is only spelling; names keep their capitals, which may be the error."""
    text = " ".join(unicodedata.normalize("NFC", value).split())
    match name:
        case Field.ADDRESS_POSTCODE | Field.BANK_ACCOUNT:
            return text.replace(" ", "").upper()
        case Field.PHONE | Field.EMAIL:
            return _canonical_or_same(IdentifierKind(name.value), text)
        case _:
            return text


def _canonical_or_same(kind: IdentifierKind, text: str) -> str:
    try:
        return canonical(kind, text)
    except InvalidIdentifierError:
        return text


def _sealed(item: ItemRectification, key: bytes) -> bytes:
    values = json.dumps([[fit.name, fit.fit, fit.held, fit.after] for fit in item.fields])
    sealed = hmac.new(key, values.encode(), hashlib.sha256).hexdigest()
    return item_digest([item.connector, item.item_id, sealed])
