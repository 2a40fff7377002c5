"""The command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Starts the command line, or says what to install for it."""
    try:
        from avgate_gateway.cli.running import run  # noqa: PLC0415 -- bare installs lack typer
    except ModuleNotFoundError as error:
        sys.exit(
            f"avgate: {error.name} is missing; install the gateway: pip install 'avgate[gateway]'"
        )
    sys.exit(run(sys.argv[1:]))
