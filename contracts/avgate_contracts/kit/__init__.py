"""The test kit: a suite that an author of a connector inherits, and what it plays on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avgate_contracts.kit.contract import ConnectorContract
else:

    def __getattr__(name: str) -> Any:  # pytest loads the plugin everywhere: the suite only if used
        if name != "ConnectorContract":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module("avgate_contracts.kit.contract").ConnectorContract


__all__ = ["ConnectorContract"]
