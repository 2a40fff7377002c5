"""`avgate request list`: which requests there are, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import orjson
import typer

from avgate_client import AvgateClient
from avgate_client.answers import Request
from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import case_number
from avgate_gateway.cli.completing import connectors
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid, state

_DAY = ["%Y-%m-%d"]
_LARGEST_PAGE = 200


class State(StrEnum):
    """How far a request is."""

    RECEIVED = "received"
    RUNNING = "running"
    WAITING = "waiting"
    CLOSED = "closed"


_OPEN = (State.RECEIVED, State.RUNNING, State.WAITING)


@reaching
def listed(
    *,
    state_named: Annotated[
        State | None, typer.Option("--state", help="Those in this state; left out: all but closed.")
    ] = None,
    operation: Annotated[Operation | None, typer.Option(help="Those for this right.")] = None,
    connector: Annotated[
        str | None,
        typer.Option(help="Those that this one has a part in.", autocompletion=connectors),
    ] = None,
    due: Annotated[
        datetime | None,
        typer.Option(help="Those promised on or before this day.", formats=_DAY, metavar="DAY"),
    ] = None,
    most: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 50,
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Lists requests and what each waits for, newest first.

    Those that are open, unless --state says otherwise.
    """
    wanted = Wanted((state_named,) if state_named else _OPEN, operation, connector, due, most)
    found = asyncio.run(_found(reach, wanted))
    if json:
        items = {"items": [one.model_dump(mode="json") for one in found[:most]]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    with screen() as shown:
        shown.grid(request_grid(found[:most]))
        if len(found) > most:
            shown.say("there are more: --most shows up to 200, --due and --state narrow it down")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests, and the most of them that are shown."""

    states: Sequence[State]
    operation: Operation | None
    connector: str | None
    due: datetime | None
    most: int


async def _found(reach: Reach, wanted: Wanted) -> list[Request]:
    async with connected(reach.url, reach.token_for({Scope.READ})) as client:
        return await newest(client, wanted)


async def newest(client: AvgateClient, wanted: Wanted) -> list[Request]:
    """The newest of all these states together; one more than is wanted, where there are more."""
    found: list[Request] = []
    for one in wanted.states:
        walk = client.requests(
            state=one.value,
            operation=wanted.operation,
            connector=wanted.connector,
            due=wanted.due.date() if wanted.due else None,
            page_size=min(wanted.most + 1, _LARGEST_PAGE),
        )
        async with aclosing(walk) as requests:
            taken = 0
            async for request in requests:
                found.append(request)
                taken += 1
                if taken > wanted.most:
                    break
    newest_first = sorted(found, key=lambda request: request.received_at, reverse=True)
    return newest_first[: wanted.most + 1]


def request_grid(found: Sequence[Request]) -> Grid:
    """One line for each: by which id and number it goes, and how it stands."""
    head = ("request", "number", "asks for", "now", "answer by", "taken in by")
    rows = tuple(
        (
            one.id,
            case_number(one.id),
            one.operation,
            state(one),
            str(one.due.extended or one.due.promised),
            one.submitted_by,
        )
        for one in found
    )
    return Grid("requests, newest first", head, rows)
