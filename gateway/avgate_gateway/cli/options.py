"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from avgate_gateway.cli.exits import CommandError
from avgate_gateway.settings import (
    Settings,
    SettingsError,
    load,
    load_for_migrating,
    load_for_tokens,
)

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="AVGATE_CONFIG", help="The gateway's config file (TOML)."
    ),
]
DEFAULT_CONFIG = Path("avgate.toml")


def settings_of(config: Path) -> Settings:
    """The settings; raises CommandError with one line for each mistake."""
    with complaining(SettingsError):
        return load(config, os.environ)


def settings_for_tokens(config: Path) -> Settings:
    """As much as signing a token takes: none of the passwords has to be there."""
    with complaining(SettingsError):
        return load_for_tokens(config, os.environ)


def settings_for_migrating(config: Path) -> Settings:
    """As much as finding the database takes."""
    with complaining(SettingsError):
        return load_for_migrating(config, os.environ)


@contextmanager
def complaining(*kinds: type[Exception]) -> Iterator[None]:
    """Turns expected errors into the one that ends a command."""
    try:
        yield
    except kinds as error:
        raise CommandError(str(error)) from None
