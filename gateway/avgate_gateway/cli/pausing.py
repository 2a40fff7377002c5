"""`avgate pause` and `resume`: keeps work from one system, and lets it go on."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from avgate_client import Pause
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.completing import connectors
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.request.reaching import (
    Reach,
    reaching,
)

_SCOPES = frozenset({Scope.READ, Scope.ADMIN})
_WHY = "Why. Colleagues see it with every request that waits: name nobody."
Connector = Annotated[
    str,
    typer.Argument(
        metavar="CONNECTOR", help="Its name, as `avgate connectors` has it.",
        autocompletion=connectors,
    ),
]  # fmt: skip


@reaching
def pause(
    connector: Connector,
    reason: Annotated[str, typer.Option(help=_WHY)],
    reach: Reach,
) -> None:
    """Begins no work at one system, until it is resumed.

    Everything else goes on, and so does the time in which people must be answered.
    """
    if not reason.strip():
        raise CommandError("say why with --reason: colleagues see it with every request that waits")
    made = asyncio.run(_pause(reach, connector, reason))
    typer.echo(f"{connector} is paused by {made.by} since {made.since:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"to go on there: {reach.line('resume', connector)}")


@reaching
def resume(
    connector: Connector,
    reach: Reach,
) -> None:
    """Goes on at a system that was paused, with all that waited."""
    asyncio.run(_resume(reach, connector))
    typer.echo(f"{connector} is paused no more: what waited for it goes on")


async def _pause(reach: Reach, connector: str, reason: str) -> Pause:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        return await client.pause(connector, reason)


async def _resume(reach: Reach, connector: str) -> None:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        await client.resume(connector)
