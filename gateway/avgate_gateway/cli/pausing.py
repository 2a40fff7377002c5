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
    DEFAULT_URL,
    ClientOption,
    ConfigOption,
    ControllerOption,
    Reach,
    TokenOption,
    UrlOption,
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


def pause(
    connector: Connector,
    reason: Annotated[str, typer.Option(help=_WHY)],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    config: ConfigOption = None,
    controller: ControllerOption = None,
    client: ClientOption = None,
) -> None:
    """Begins no work at one system, until it is resumed.

    Everything else goes on, and so does the time in which people must be answered.
    """
    if not reason.strip():
        raise CommandError("say why with --reason: colleagues see it with every request that waits")
    reach = Reach(url, token, config, controller, client)
    made = asyncio.run(_pause(reach, connector, reason))
    typer.echo(f"{connector} is paused by {made.by} since {made.since:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"to go on there: {reach.line('resume', connector)}")


def resume(
    connector: Connector,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    config: ConfigOption = None,
    controller: ControllerOption = None,
    client: ClientOption = None,
) -> None:
    """Goes on at a system that was paused, with all that waited."""
    reach = Reach(url, token, config, controller, client)
    asyncio.run(_resume(reach, connector))
    typer.echo(f"{connector} is not paused: what waited for it goes on")


async def _pause(reach: Reach, connector: str, reason: str) -> Pause:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        return await client.pause(connector, reason)


async def _resume(reach: Reach, connector: str) -> None:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        await client.resume(connector)
