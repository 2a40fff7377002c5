"""Identifiers as they stand on pages: enough to recognise, too little to copy."""

from __future__ import annotations

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind

_ENDS = 2  # characters of a number that are shown at its end


def masked(identifier: Identifier) -> str:
    """Such as j•••@example.nl, +31 ••• 78."""
    value = identifier.value
    match identifier.kind:
        case IdentifierKind.EMAIL:
            name, _, domain = value.rpartition("@")
            return f"{name[:1]}•••@{domain}"
        case IdentifierKind.PHONE:
            return f"{value[:3]} ••• {value[-_ENDS:]}"
        case IdentifierKind.NAME_ADDRESS:
            return f"{value[:1]}•••"
        case _:
            return f"{value[:_ENDS]}•••{value[-_ENDS:]}" if len(value) > 3 * _ENDS else "•••"
