"""Options that several commands share, and the one way in which they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from avgate_gateway.settings import Settings, SettingsError, load

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="AVGATE_CONFIG", help="The gateway's config file (TOML)."
    ),
]
DEFAULT_CONFIG = Path("avgate.toml")


def settings_of(config: Path) -> Settings:
    """The settings, or a one-line complaint and exit code 2."""
    with complaining(SettingsError):
        return load(config, os.environ)


@contextmanager
def complaining(*kinds: type[Exception]) -> Iterator[None]:
    """Turns expected errors into one line on standard error."""
    try:
        yield
    except kinds as error:
        typer.echo(f"avgate: {error}", err=True)
        raise typer.Exit(2) from None
