"""Which capabilities a connector has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard, TypeVar

P = TypeVar("P")


def can(connector: object, protocol: Callable[..., P]) -> TypeGuard[P]:
    """Whether a connector has a capability, which is one of the contract's protocols.

    Most name it in their class line. The others are looked at: that goes through all that a protocol
    has, and takes as long as a statement.
    """
    kind: Any = protocol
    return kind in type(connector).__mro__ or isinstance(connector, kind)
