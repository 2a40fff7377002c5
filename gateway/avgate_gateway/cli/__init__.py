"""The command line."""

from __future__ import annotations

import gc
import os
import sys

from avgate_gateway.hardening import keep_to_itself, open_standard_streams

# Those that hold keys or people, and write no file that others are to read.
_HOLDING = frozenset({"serve", "work", "migrate", "keys", "backup", "request", "token", "audit"})
_ALLOCATIONS = (
    100_000  # until garbage is looked for; `serve` and `work` say their own once they run
)


def main() -> None:
    """Starts the command line, or says what to install for it."""
    open_standard_streams()
    # pydantic imports every installed package that calls itself its plugin, and shows it all that
    # is validated. It has no other switch; who wants a plugin sets the variable to nothing.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    # What is imported stays: to look for garbage in it is a fifth of every start.
    gc.set_threshold(_ALLOCATIONS)
    if sys.argv[1:2] and sys.argv[1] in _HOLDING:
        keep_to_itself()
    try:
        from avgate_gateway.cli.running import run  # noqa: PLC0415 -- bare installs lack typer
    except ModuleNotFoundError as error:
        sys.exit(
            f"avgate: {error.name} is missing; install the gateway: pip install 'avgate[gateway]'"
        )
    sys.exit(run(sys.argv[1:]))
