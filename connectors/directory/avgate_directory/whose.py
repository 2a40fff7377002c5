"""Whose listing it is, as the directory says: in texts that may be odd ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from unicodedata import normalize

from avgate_contracts import Field, Identifier, IdentifierKind, InvalidIdentifierError, ItemRef
from avgate_directory.models import Content, Listing

_NAMES = (Field.NAME_GIVEN, Field.NAME_PREFIX, Field.NAME_FAMILY)


def days(listing: Listing) -> Identifier:
    """The number as the directory writes it, which is as it was asked for."""
    return Identifier(IdentifierKind.PHONE, listing.telephone_number, listing.held_since)


def mark(listing: Listing) -> str:
    """Tells whether it is another holder's by now: by number and day, without a day by their name.

    It stays beside the item in the open, so it is too short for anybody to be found by it.
    """
    fields, since = listing.registered.fields, listing.held_since
    who = _plain(" ".join(fields.get(name, "") for name in _NAMES))
    told = (listing.listing_id, listing.telephone_number, since.isoformat() if since else who)
    return sha256("\n".join(told).encode()).hexdigest()[:4]


def are_of(items: Iterable[ItemRef], listing: Listing) -> bool:
    """Whether it is still the listing in which they were found: ids are given out anew."""
    return all(item.version in {None, mark(listing)} for item in items)


def holder(shown: Content) -> str:
    """Whose listing it says it is, whatever stands there: it is compared and nothing else."""
    return _plain(shown.name_address)


def _plain(text: str) -> str:
    return " ".join(normalize("NFC", text).split()).casefold()


def identifiers(listing: Listing, shown: Content) -> Iterator[Identifier]:
    """As the directory says; what cannot be an identifier of its kind names nobody."""
    with suppress(InvalidIdentifierError):
        yield Identifier.of(IdentifierKind.PHONE, listing.telephone_number, listing.held_since)
    with suppress(InvalidIdentifierError):
        yield Identifier.of(IdentifierKind.NAME_ADDRESS, shown.name_address)
