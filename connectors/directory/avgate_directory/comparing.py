"""Compares what a listing says, what is to be put into it, and what an order was taken in for."""

from __future__ import annotations

from avgate_contracts import ItemChange, Outcome, Refused, Unsupported
from avgate_directory.client import writable
from avgate_directory.models import FIELDS, Content, Listing


def obstacle(listing: Listing, change: ItemChange) -> Outcome | None:
    """Why a change cannot be made in this listing: an order puts it in the place of what is registered.

    What a page or an edition still shows may be older than that.
    """
    registered = listing.registered.fields
    for wanted in change.changes:
        if wanted.name not in FIELDS:
            return Unsupported("field_not_rectifiable", "a listing has no such field to change")
        if not writable(wanted.after):
            return Refused("not_writable", "the new value holds characters that XML cannot write")
        value = _alike(registered.get(wanted.name, ""))
        if value not in {_alike(wanted.before), _alike(wanted.after)}:
            return Refused("changed_meanwhile", "the listing says something else than was planned")
    return None


def is_ordered(content: Content, taken: Content | None) -> bool:
    """Whether an order that was taken in is the one that was placed, however it is spelled."""
    if taken is None or taken.listing_type != content.listing_type:
        return False
    placed, told = content.fields, taken.fields
    if content.is_delisted or placed.keys() != told.keys():
        return content.is_delisted
    return all(_alike(told[name]) == _alike(value) for name, value in placed.items())


def _alike(value: str) -> str:
    return "".join(value.split()).casefold()
