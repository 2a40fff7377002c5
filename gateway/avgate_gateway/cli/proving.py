"""`avgate test`: holds a connector against all that is promised of one, and says its level."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avgate_contracts.kit.commands.finding import KitError, find_project
from avgate_contracts.kit.commands.proving import prove as run
from avgate_contracts.kit.commands.proving import prove_with_evidence
from avgate_gateway.cli.exits import CommandError, Exit


def prove(
    connector: Annotated[
        str | None,
        typer.Argument(metavar="CONNECTOR", help="Its name, its folder or its test file."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Write the evidence into its package, to be shipped.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write the evidence into this file.")
    ] = None,
) -> None:
    """Runs a connector's contract tests, and tells its level.

    Nothing leaves this machine: the upstream answers as it was recorded.
    """
    try:
        project = find_project(Path.cwd(), connector)
        if json or output is not None:
            passed, place = prove_with_evidence(project, output and output.absolute())
            typer.echo(f"evidence: {place}")
        else:
            passed = run(project)
    except KitError as error:
        raise CommandError(str(error)) from None
    if not passed:
        raise typer.Exit(Exit.WRONG)
