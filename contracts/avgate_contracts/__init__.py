"""The connector SDK: everything an author of a connector imports, under one roof.

It is loaded with the first name that is asked for: pytest imports the kit's plugin, and with it
this, in every project where Avgate is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avgate_contracts.roof import *  # noqa: F403 -- its __all__ is what there is
    from avgate_contracts.roof import __all__ as __all__
else:

    def __getattr__(name: str) -> Any:
        roof = import_module("avgate_contracts.roof")
        if name != "__all__" and name not in roof.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = getattr(roof, name)
        return globals()[name]

    def __dir__() -> list[str]:
        return [*globals(), *import_module("avgate_contracts.roof").__all__]
