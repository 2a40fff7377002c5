"""The commands below `avgate request`, put together."""

from __future__ import annotations

from collections.abc import Callable

import typer

from avgate_contracts.vocabulary import Operation
from avgate_gateway.cli.request.by_hand import complete, tasks
from avgate_gateway.cli.request.course import cancel, extend, retry
from avgate_gateway.cli.request.deciding import approve, reject
from avgate_gateway.cli.request.handing import handover
from avgate_gateway.cli.request.listing import listed
from avgate_gateway.cli.request.reading import letter, package, show, verify
from avgate_gateway.cli.request.submitting import SUBMITTED, submit

app = typer.Typer(
    help="Submits requests and carries them to their end.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_ASKS = {
    Operation.ACCESS: "Asks for a copy of what is held of a person.",
    Operation.RECTIFY: "Asks to correct a person's data: see --change.",
    Operation.ERASE: "Asks to erase a person's data.",
    Operation.EXPORT: "Asks for a person's data, to take along.",
    Operation.RESTRICT: "Records that a person asks not to use their data for now.",
    Operation.OBJECT: "Records that a person objects to the use of their data.",
}
for operation in SUBMITTED:
    app.command(operation.value, help=_ASKS[operation])(submit)
app.command("list")(listed)
_ON_THEIR_WAY: tuple[Callable[..., None], ...] = (
    show, verify, approve, reject, cancel, extend, retry, package, handover, letter, tasks, complete,
)  # fmt: skip
for command in _ON_THEIR_WAY:
    app.command()(command)
