"""What a class claims that its upstream can do, and whether it has what that takes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from avgate_contracts.connector import (
    SupportsAccess,
    SupportsCallback,
    SupportsConfirm,
    SupportsErase,
    SupportsExport,
    SupportsRecipients,
    SupportsRectify,
    SupportsRegister,
)
from avgate_contracts.vocabulary import Operation

CAPABILITIES: Sequence[type] = (
    SupportsAccess,
    SupportsExport,
    SupportsRectify,
    SupportsErase,
    SupportsConfirm,
    SupportsCallback,
    SupportsRecipients,
    SupportsRegister,
)
OPERATIONS: Mapping[Operation, type] = {
    Operation.ACCESS: SupportsAccess,
    Operation.EXPORT: SupportsExport,
    Operation.RECTIFY: SupportsRectify,
    Operation.ERASE: SupportsErase,
}


def claimed(connector: type) -> list[type]:
    """The capabilities named in the class line, or in that of a class above it."""
    return [each for each in CAPABILITIES if each in connector.__mro__]


def methods(capability: type) -> dict[str, Any]:
    """The methods that a capability consists of."""
    return {
        name: member
        for name, member in vars(capability).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def own(connector: type, name: str) -> Any:
    """A method as the connector has it; None where there is only the protocol's outline of it."""
    for kind in connector.__mro__:
        if name in vars(kind):
            return None if kind in CAPABILITIES else vars(kind)[name]
    return None


def mismatch(outline: Any, actual: Any) -> str | None:
    """What keeps a method from being called as the protocol says; None where nothing does."""
    if not callable(actual):
        return "is not a method"
    if inspect.iscoroutinefunction(outline) and not inspect.iscoroutinefunction(actual):
        return "is not `async def`"
    if not inspect.iscoroutinefunction(outline) and inspect.iscoroutinefunction(actual):
        return "is a coroutine that returns, where an iterator is asked for: yield in it"
    wanted, has = inspect.signature(outline).parameters, inspect.signature(actual).parameters
    for name, parameter in wanted.items():
        if name not in has:
            return f"has no parameter {name!r}"
        if parameter.kind is parameter.KEYWORD_ONLY and has[name].kind in (
            parameter.POSITIONAL_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            return f"does not take {name!r} by its name"
    extra = [p for n, p in has.items() if n not in wanted and p.default is p.empty]
    named = [p.name for p in extra if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return f"asks for {named[0]!r}, which nobody gives" if named else None
