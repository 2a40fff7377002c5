"""What the shell offers where a name from the config file, or a scope, is to be typed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from avgate_gateway.authentication import Scope
from avgate_gateway.cli.options import DEFAULT_CONFIG


def controllers(context: typer.Context, incomplete: str) -> list[str]:
    """The controllers in the config file that the line names, or the usual one."""
    return _fitting(_controllers(context), incomplete)


def connectors(context: typer.Context, incomplete: str) -> list[str]:
    """The connectors that any of them has."""
    found = _controllers(context).values()
    tables = [one.get("connectors", {}) for one in found if isinstance(one, dict)]
    return _fitting({name for one in tables for name in one}, incomplete)


def scopes(incomplete: str) -> list[str]:
    """What a token may do."""
    return _fitting((scope.value for scope in Scope), incomplete)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def _controllers(context: typer.Context) -> dict[str, Any]:
    """Read as it is written: who presses a key does not want to be told what is wrong in it."""
    config = Path(context.params.get("config") or DEFAULT_CONFIG)
    try:
        found = tomllib.loads(config.read_text("utf-8")).get("controllers")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
