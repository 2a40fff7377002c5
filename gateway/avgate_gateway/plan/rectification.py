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
from typing import NamedTuple

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import canonical
from avgate_contracts.record import FieldChange, ItemChange, ItemRef, Json
from avgate_contracts.vocabulary import Field, IdentifierKind, Operation
from avgate_gateway.plan.digest import item_digest, plan_digest


class Fit(StrEnum):
    """How a wanted value fits the values that an item holds."""

    CHANGE = "change"
    ALREADY_RIGHT = "already_right"
    DIFFERS = "differs"  # neither the value to replace nor the new one: a person has to look
    SEVERAL = "several"  # more than one that may be meant: nobody guesses which of them is wrong
    NOT_HELD = "not_held"


_UNDECIDED = {
    Fit.DIFFERS: "it holds neither the old nor the new value",
    Fit.SEVERAL: "it holds several values that may be meant: say which one is to be replaced (from)",
}


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
    fields: Mapping[Field, tuple[str, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FieldFit:
    """What becomes of one field of an item, which holds these values.

    `before` is the one that is replaced, as the upstream spells it; where none is replaced it is
    the only value, and None where there are several or none.
    """

    name: Field
    fit: Fit
    held: tuple[str, ...] = field(repr=False)
    before: str | None = field(repr=False)
    after: str = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        """With the values, for the people who decide: not for logs or evidence."""
        return {
            "field": self.name.value,
            "fit": self.fit.value,
            "holds": list(self.held),
            "from": self.before,
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
        """What to send to the connector; None where nothing has to change, or a person does it."""
        if self.left_to_people is not None:
            return None
        changes = tuple(
            FieldChange(fit.name, fit.before or "", fit.after)
            for fit in self.fields
            if fit.fit is Fit.CHANGE
        )
        return ItemChange(self.item, changes) if changes else None

    @property
    def left_to_people(self) -> tuple[str, str] | None:
        """Why a person has to correct it, as a code and a sentence; None where nobody has to.

        An item goes whole: where one field is open, its others are left to the same person.
        """
        found = {fit.fit for fit in self.fields}
        reasons = {fit: reason for fit, reason in _UNDECIDED.items() if fit in found}
        if not reasons:
            return None
        others = ["what fits in its other fields was not changed either"]
        sentences = [*reasons.values(), *(others if Fit.CHANGE in found else [])]
        return next(iter(reasons)).value, "; ".join(sentences)

    def to_json(self) -> dict[str, Json]:
        """`by_hand` is the code of what leaves it to a person, or None."""
        return {
            "connector": self.connector,
            "item": self.item_id,
            "category": self.item.category.value,
            "product": self.item.product.value,
            "by_hand": self.left_to_people[0] if self.left_to_people else None,
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


def _fit(wanted: WantedChange, fields: Mapping[Field, tuple[str, ...]]) -> FieldFit:
    held = fields.get(wanted.name, ())
    told = _told(wanted.name, held)
    meant = told if wanted.before is None else _saying(wanted, told)
    fit = _compare(wanted, told, meant)
    before = meant if fit is Fit.CHANGE else told
    return FieldFit(
        wanted.name, fit, held, before[0].spelt if len(before) == 1 else None, wanted.after
    )


class _Value(NamedTuple):
    says: str  # comparable
    spelt: str


def _told(name: Field, held: Iterable[str]) -> list[_Value]:
    """The same number written twice is one value; two homes in one town are two."""
    told = [_Value(_comparable(name, spelt), spelt) for spelt in held]
    if name.startswith("address."):
        return told
    return [v for place, v in enumerate(told) if v.says not in {e.says for e in told[:place]}]


def _saying(wanted: WantedChange, told: Iterable[_Value]) -> list[_Value]:
    """Those that say what is to be replaced, and something else than what is to replace it."""
    before, after = (_comparable(wanted.name, v or "") for v in (wanted.before, wanted.after))
    return [value for value in told if value.says == before != after]


def _compare(wanted: WantedChange, told: Sequence[_Value], meant: Sequence[_Value]) -> Fit:
    if not told:
        return Fit.NOT_HELD
    after, said = _comparable(wanted.name, wanted.after), {value.says for value in told}
    if said == {after} or (not meant and after in said):
        return Fit.ALREADY_RIGHT
    if not meant:
        return Fit.DIFFERS
    return Fit.CHANGE if len(meant) == 1 else Fit.SEVERAL


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
    values = json.dumps([[f.name, f.fit, f.held, f.before, f.after] for f in item.fields])
    sealed = hmac.new(key, values.encode(), hashlib.sha256).hexdigest()
    return item_digest([item.connector, item.item_id, sealed])
