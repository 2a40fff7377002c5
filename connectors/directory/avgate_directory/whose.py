"""Whose listing it is, as the directory says: in texts that may be odd ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from unicodedata import normalize

from avgate_contracts import Identifier, IdentifierKind, InvalidIdentifierError
from avgate_directory.models import Content, Listing


def days(listing: Listing) -> Identifier:
    """The number as the directory writes it, which is as it was asked for."""
    return Identifier(IdentifierKind.PHONE, listing.telephone_number, listing.held_since)


def holder(shown: Content) -> str:
    """Whose listing it says it is, whatever stands there: it is compared and nothing else."""
    return " ".join(normalize("NFC", shown.name_address).split()).casefold()


def identifiers(listing: Listing, shown: Content) -> Iterator[Identifier]:
    """As the directory says; what cannot be an identifier of its kind names nobody."""
    with suppress(InvalidIdentifierError):
        yield Identifier.of(IdentifierKind.PHONE, listing.telephone_number, listing.held_since)
    with suppress(InvalidIdentifierError):
        yield Identifier.of(IdentifierKind.NAME_ADDRESS, shown.name_address)
