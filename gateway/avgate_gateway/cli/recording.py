"""`avgate record`, `avgate drift`: what a connector's upstream says, and what is new in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from avgate_contracts.kit.commands.finding import KitError, find_project
from avgate_contracts.kit.commands.recording import Anew, Fresh, recorded_anew
from avgate_gateway.cli.advancing import advancing
from avgate_gateway.cli.exits import CommandError, Exit

Wanted = Annotated[
    str | None,
    typer.Argument(metavar="CONNECTOR", help="Its name, its folder or its test file."),
]
Sandbox = Annotated[
    Path | None,
    typer.Option(
        "--settings", help="A TOML file whose settings go before those of the test class."
    ),
]


def record(
    connector: Wanted = None,
    settings: Sandbox = None,
    yes: Annotated[bool, typer.Option("--yes", help="Keep them without asking.")] = False,
) -> None:
    """Records a connector's conversations anew, redacted.

    It calls the upstream, shows what changed, and asks before it keeps anything.
    """
    try:
        with _anew(connector, settings) as anew:
            for one in anew.insist():
                _show(one)
                if not yes:
                    typer.confirm("keep them?", abort=True)
                one.keep()
                typer.echo(f"kept {len(one.tapes)} recordings in {one.folder}")
    except KitError as error:
        raise CommandError(str(error), Exit.WRONG) from None


def drift(connector: Wanted = None, settings: Sandbox = None) -> None:
    """Records elsewhere, and names what changed upstream.

    Members of answers that appeared, vanished or changed their type; nothing is kept.
    """
    try:
        with _anew(connector, settings) as anew:
            changed = [_show(one) for one in anew.fresh]
    except KitError as error:
        raise CommandError(str(error), Exit.WRONG) from None
    if anew.problems:
        raise CommandError(anew.problems, Exit.WRONG)
    if any(changed):
        raise typer.Exit(Exit.WRONG)


@contextmanager
def _anew(connector: str | None, settings: Path | None) -> Iterator[Anew]:
    with ExitStack() as whole:
        project = find_project(Path.cwd(), connector)
        with advancing("recording; this calls the upstream"):
            anew = whole.enter_context(recorded_anew(project, settings))
        yield anew


def _show(fresh: Fresh) -> Sequence[object]:
    changes = fresh.changes()
    if fresh.is_first:
        typer.echo("nothing was recorded before; the calls are:")
    elif not changes and not fresh.begun:
        typer.echo("no member of an answer appeared, vanished or changed its type")
    for change in changes:
        typer.echo(str(change))
    return changes
