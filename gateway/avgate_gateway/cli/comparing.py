"""What `avgate audit verify --outcomes` adds: the rows of requests, held against the evidence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import typer

from avgate_gateway.cli.advancing import advancing
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.comparing import Compared, Difference, differences
from avgate_gateway.store.database import Database

_MOST = 20  # requests that are named
_Use = Callable[[Database], Awaitable[Sequence[Difference]]]


def compare(with_database: Callable[[_Use], Sequence[Difference]]) -> None:
    """Says of how many closed requests rows and evidence agree; raises CommandError where any do not."""
    compared = Compared()
    with advancing("requests") as told:
        found = with_database(lambda db: differences(db, datetime.now(UTC), compared, told))
    if found:
        lines = [f"{one.request_id}: {one.says}" for one in found[:_MOST]]
        lines += [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
        raise CommandError("\n".join(("rows were changed:", *lines)), Exit.WRONG)
    typer.echo(f"what became of {compared.count} closed requests is as the evidence has it")
    if compared.older:
        typer.echo(f"{compared.older} were closed by a release that wrote no outcome down")
    if compared.busy:
        typer.echo(f"{compared.busy} are due to be looked at, and were left out")
