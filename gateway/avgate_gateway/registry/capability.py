"""What a connector's class line says that it can do, in the words that lists of connectors use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avgate_contracts import connector as sdk

CAPABILITIES: Final[Mapping[str, type]] = {
    "access": sdk.SupportsAccess,
    "rectify": sdk.SupportsRectify,
    "erase": sdk.SupportsErase,
    "export": sdk.SupportsExport,
    "confirm": sdk.SupportsConfirm,
    "register": sdk.SupportsRegister,
    "callbacks": sdk.SupportsCallback,
    "recipients": sdk.SupportsRecipients,
}


def capabilities(kind: object) -> list[str]:
    """What a class can do: naming the protocol is the claim, the contract suite checks it."""
    bases = getattr(kind, "__mro__", ())
    return [name for name, protocol in CAPABILITIES.items() if protocol in bases]
