"""The commands below `avgate request`, put together."""

from __future__ import annotations

import typer

from avgate_gateway.cli.request.by_hand import complete, tasks
from avgate_gateway.cli.request.deciding import approve
from avgate_gateway.cli.request.handing import handover
from avgate_gateway.cli.request.reading import letter, package, show, verify
from avgate_gateway.cli.request.submitting import SUBMITTED, submit

app = typer.Typer(
    help="Submits requests and carries them to their end.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
for operation in SUBMITTED:
    app.command(operation.value, help=f"Submits a request: {operation.value}.")(submit)
for command in (show, verify, approve, package, handover, letter, tasks, complete):
    app.command()(command)
