"""Whether a class that was imported is a connector: looked at before anything relies on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from avgate_contracts import connector as sdk
from avgate_contracts.connector import Limits, Manifest
from avgate_contracts.record import ErasureWay
from avgate_contracts.settings import ConnectorSettings
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation
from avgate_gateway.registry import protocol

_METHODS: Mapping[type, tuple[str, ...]] = {
    sdk.Connector: ("check",),
    sdk.SupportsAccess: ("access",),
    sdk.SupportsExport: ("export",),
    sdk.SupportsRectify: ("rectify",),
    sdk.SupportsErase: ("erase", "still_held"),
    sdk.SupportsConfirm: ("confirm",),
    sdk.SupportsCallback: ("erase_and_call_back",),
    sdk.SupportsRecipients: ("recipient",),
    sdk.SupportsRegister: ("published",),
}


def flaw(kind: object, name: str) -> str | None:
    """Why what an entry point named cannot be used as the connector of this name; None if it can."""
    if not isinstance(kind, type):
        return "its entry point leads to something that is not a class"
    manifest = getattr(kind, "manifest", None)
    if not isinstance(manifest, Manifest):
        return "it has no manifest"
    if manifest.name != name:
        return "its manifest bears another name than its entry point"
    if not isinstance(manifest.protocol, str):
        return protocol.refusal("")
    return protocol.refusal(manifest.protocol) or _of_parts(kind, manifest)


def _of_parts(kind: type, manifest: Manifest) -> str | None:
    wrong = next((name for name, is_right in _SHAPE.items() if not is_right(manifest)), None)
    if wrong is not None:
        return f"{wrong} of its manifest has another type than the protocol says"
    settings = getattr(kind, "settings_type", None)
    if not (isinstance(settings, type) and issubclass(settings, ConnectorSettings)):
        return "its settings_type is no class of settings (ConnectorSettings)"
    missing = next(_claimed_only(kind), None)
    if missing is not None:
        return f"its class line claims {missing[0]}, but it has no {missing[1]} of its own"
    if manifest.erases and sdk.SupportsErase not in kind.__mro__:
        return "its manifest says how it erases, but its class line does not say SupportsErase"
    return None


def _claimed_only(kind: type) -> Iterator[tuple[str, str]]:
    """Methods that are still the empty ones of the protocol."""
    for claimed, methods in _METHODS.items():
        for method in methods:
            is_claimed = claimed in kind.__mro__ or claimed is sdk.Connector
            if is_claimed and getattr(kind, method, None) in {None, getattr(claimed, method)}:
                yield claimed.__name__, method


def _all(values: object, kind: type) -> bool:
    return isinstance(values, frozenset) and all(isinstance(value, kind) for value in values)


def _map(values: object, key: type, value: type) -> bool:
    return isinstance(values, Mapping) and all(
        isinstance(k, key) and isinstance(v, value) for k, v in values.items()
    )


_SHAPE: Mapping[str, Callable[[Manifest], bool]] = {
    "title": lambda m: isinstance(m.title, str),
    "processor": lambda m: isinstance(m.processor, str),
    "finds_by": lambda m: _all(m.finds_by, IdentifierKind),
    "holds": lambda m: _all(m.holds, Category),
    "erases": lambda m: _map(m.erases, Category, ErasureWay),
    "not_relevant": lambda m: _map(m.not_relevant, Operation, str),
    "limits": lambda m: isinstance(m.limits, Limits),
    "relists": lambda m: isinstance(m.relists, bool),
    "after_service": lambda m: _all(m.after_service, Category),
    "leads": lambda m: _all(m.leads, Category),
}
