"""A new value in the place of an old one, in an individual that may hold several of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import avgate_contracts as sdk
from avgate_contracts import Field, FieldChange, Refused
from avgate_operator.models import BANK_ACCOUNT, NAMES, REACHED, Individual, Medium, Raw

NO_FIELD = sdk.Unsupported("not_rectifiable", "this item has no such field to change")
_CHANGED = Refused("changed_meanwhile", "the upstream says something else than was planned")
_SEVERAL = Refused("several", "more than one address holds the old value: correct it by hand")


def obstacle(person: Individual, told: Sequence[FieldChange]) -> sdk.Outcome | None:
    """Why nothing of it can be written, if so."""
    held = person.fields
    if any(change.name not in held for change in told):
        return NO_FIELD
    if not all(stands(person, change) or shows(person, change) for change in told):
        return _CHANGED
    homes = (change for change in told if change.name.startswith("address."))
    return _SEVERAL if any(stands(person, change) > 1 for change in homes) else None


def stands(person: Individual, change: FieldChange) -> int:
    """In how many places there is the value that has to go."""
    return sum(_is_due(change, value) for value in person.fields.get(change.name, ("",)))


def shows(person: Individual, change: FieldChange) -> bool:
    """Whether the value that has to come is there."""
    held = person.fields.get(change.name, ("",))
    return any(_alike(change.name, value, change.after) for value in held)


def corrected(person: Individual, changes: Sequence[FieldChange]) -> Raw:
    """The patch that puts each new value wherever the old one stands, and leaves the rest.

    A medium keeps its days, kind and preference: where the new value was in another medium as
    well, it is in both. Lists are replaced whole.
    """
    patch: Raw = {NAMES[c.name]: c.after or None for c in changes if c.name in NAMES}
    if reached := [change for change in changes if change.name in REACHED]:
        media = zip(person.raw["contactMedium"], person.contact_medium, strict=True)
        patch["contactMedium"] = [_medium(raw, medium, reached) for raw, medium in media]
    for change in changes:
        if change.name is Field.BANK_ACCOUNT:
            listed = [_characteristic(each, change) for each in person.listed]
            patch[person.listed_under] = listed
    return patch


def _medium(raw: Raw, medium: Medium, changes: Sequence[FieldChange]) -> Raw:
    held = [(change, medium.value(change.name)) for change in changes]
    new = {REACHED[c.name]: c.after for c, value in held if value is not None and _is_due(c, value)}
    return {**raw, "characteristic": medium.characteristic | new} if new else raw


def _characteristic(listed: Raw, change: FieldChange) -> Raw:
    is_due = listed.get("name") == BANK_ACCOUNT and _is_due(change, str(listed.get("value")))
    return listed | {"value": change.after} if is_due else listed


def _is_due(change: FieldChange, held: str) -> bool:
    is_old = _alike(change.name, held, change.before)
    return is_old and not _alike(change.name, held, change.after)


def _alike(name: Field, one: str, other: str) -> bool:
    return one == other or _said(name, one) == _said(name, other)


def _said(name: Field, text: str) -> str:
    """What is alike however it is written; names and addresses are compared to the letter."""
    match name:
        case Field.EMAIL | Field.PHONE:
            with suppress(sdk.InvalidIdentifierError):
                return sdk.canonical(sdk.IdentifierKind(name.value), text)
        case Field.BANK_ACCOUNT:
            return text.replace(" ", "").upper()
    return text
