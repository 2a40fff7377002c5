"""What a connector's class line says that it can do, in the words that lists of connectors use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from avgate_contracts import connector as sdk

Capability = Literal[
    "access", "rectify", "erase", "export", "confirm", "register", "callbacks", "recipients"
]
CAPABILITIES: Final[Mapping[Capability, type]] = {
    "access": sdk.SupportsAccess,
    "rectify": sdk.SupportsRectify,
    "erase": sdk.SupportsErase,
    "export": sdk.SupportsExport,
    "confirm": sdk.SupportsConfirm,
    "register": sdk.SupportsRegister,
    "callbacks": sdk.SupportsCallback,
    "recipients": sdk.SupportsRecipients,
}


def capabilities(kind: object) -> list[Capability]:
    """What a class can do: naming the protocol is the claim, the contract suite checks it."""
    bases = getattr(kind, "__mro__", ())
    return [name for name, protocol in CAPABILITIES.items() if protocol in bases]
