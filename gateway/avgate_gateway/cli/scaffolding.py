"""`avgate new`: the first files of a connector, in a project of its own."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from avgate_contracts.kit.commands.finding import KitError
from avgate_contracts.kit.commands.recording import record_first
from avgate_contracts.kit.scaffold import Auth, Choice, ScaffoldError, write_project
from avgate_gateway.cli.exits import CommandError

_ALL = "access,rectify,erase,export"


def new(
    name: Annotated[str, typer.Argument(help="The connector's name: acme, or acme_crm.")],
    auth: Annotated[
        str, typer.Option("--auth", help=f"How callers are known: {', '.join(Auth)}.")
    ] = Auth.BEARER.value,
    operations: Annotated[
        str, typer.Option("--operations", help="Those it starts with; access is always one.")
    ] = _ALL,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="New or empty; NAME-avgate if left out.")
    ] = None,
) -> None:
    """Writes a connector's project: code, mock and passing tests."""
    try:
        choice = Choice.of(name, auth, operations.split(","))
        target = folder or Path(choice.distribution)
        written = write_project(choice, target, version("avgate"), record_first)
    except (ScaffoldError, KitError) as error:
        raise CommandError(str(error)) from None
    can = [one for one in _ALL.split(",") if one in choice.operations]
    typer.echo(f"{target}: {len(written)} files; {', '.join(can)}; {choice.auth}")
    typer.echo(f"next: cd {target} && avgate test {choice.name}")
