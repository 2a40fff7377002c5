"""`avgate webhooks`: who is told of events, what was sent to them, and sending it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import orjson
import typer

from avgate_client import AvgateClient
from avgate_client.answers import Answer, Delivery, Endpoint
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid

T = TypeVar("T")
_READS, _CHANGES = (Scope.READ,), (Scope.READ, Scope.ADMIN)
app = typer.Typer(
    help="Shows who is told of events, and sends them again.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class _State(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    HELD = "held"


_Delivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")]
_Endpoint = Annotated[
    str, typer.Argument(metavar="ENDPOINT", help="Its name, as `avgate webhooks list` has it.")
]


@app.command("list")
@reaching
def endpoints(
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Lists who is told of events, and whether they still are."""
    found = _asked(reach, _READS, AvgateClient.webhook_endpoints)
    _shown(found, endpoint_grid(found), json=json)
    for one in () if json else found:
        for key in one.public_keys:
            typer.echo(f"{one.name} verifies with {key}")


@app.command()
@reaching
def deliveries(
    *,
    state: Annotated[_State | None, typer.Option(help="Those in this state.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Those to this endpoint.")] = None,
    request: Annotated[str | None, typer.Option(help="Those of this request.")] = None,
    most: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 50,
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Lists what was sent and how it was answered, newest first."""

    async def newest(talk: AvgateClient) -> list[Delivery]:
        state_named = state.value if state else None
        walk = talk.deliveries(
            state=state_named, endpoint=endpoint, request_id=request, page_size=most
        )
        first: list[Delivery] = []
        async with aclosing(walk) as sent:
            async for one in sent:
                first.append(one)
                if len(first) == most:
                    break
        return first

    found = _asked(reach, _READS, newest)
    _shown(found, delivery_grid(found), json=json)


@app.command()
@reaching
def replay(
    delivery: _Delivery,
    reach: Reach,
) -> None:
    """Sends a delivery again, under the same id."""
    sent = _asked(reach, _CHANGES, lambda talk: talk.replay_delivery(delivery))
    typer.echo(f"delivery {sent.id} to {sent.endpoint} is {sent.state}")


@app.command()
@reaching
def enable(
    endpoint: _Endpoint,
    reach: Reach,
) -> None:
    """Sends to an endpoint again, and what was held for it."""
    now = _asked(reach, _CHANGES, lambda talk: talk.enable_endpoint(endpoint))
    typer.echo(f"{now.name} is {now.state}; {now.released or 0} that were held are sent")


@app.command()
@reaching
def resend(
    endpoint: _Endpoint,
    since: Annotated[
        datetime, typer.Option(help="What was written down at or after this moment, in UTC.")
    ],
    reach: Reach,
) -> None:
    """Sends all again that failed since a moment."""
    moment = since.replace(tzinfo=UTC)
    now = _asked(reach, _CHANGES, lambda talk: talk.resend_failed(endpoint, moment))
    typer.echo(f"{now.resent or 0} deliveries to {now.name} that had failed are sent again")


@app.command("test")
@reaching
def try_out(
    endpoint: _Endpoint,
    reach: Reach,
) -> None:
    """Sends a `webhook.test` to an endpoint.

    `avgate webhooks deliveries` shows how it was answered.
    """
    sent = _asked(reach, _CHANGES, lambda talk: talk.test_endpoint(endpoint))
    typer.echo(f"delivery {sent.id} to {sent.endpoint} is {sent.state}")


def _asked(reach: Reach, scopes: Iterable[Scope], ask: Callable[[AvgateClient], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with connected(reach.url, reach.token_for(scopes)) as talk:
            return await ask(talk)

    return asyncio.run(asked())


def _shown(found: Sequence[Answer], grid: Grid, *, json: bool) -> None:
    if json:
        items = {"items": [one.model_dump(mode="json") for one in found]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    with screen() as shown:
        shown.grid(grid)


def endpoint_grid(found: Sequence[Endpoint]) -> Grid:
    """Who is told of events, as a table."""
    rows = tuple(
        (
            one.name,
            one.host,
            ", ".join(one.events) or "all",
            one.state,
            one.reason or "",
            f"{one.failing_since:%Y-%m-%d %H:%M} UTC" if one.failing_since else "",
        )
        for one in found
    )
    head = ("endpoint", "host", "events", "state", "why", "fails since")
    return Grid(f"{len(found)} are told of events", head, rows)


def delivery_grid(found: Sequence[Delivery]) -> Grid:
    """What was sent, as a table."""
    rows = tuple(
        (
            one.id,
            one.endpoint,
            one.event,
            one.request_id or "",
            one.state,
            str(len(one.attempts)),
            _answer(one),
            f"{one.next_attempt_at:%Y-%m-%d %H:%M} UTC" if one.next_attempt_at else "",
        )
        for one in found
    )
    head = ("delivery", "endpoint", "event", "request", "state", "tries", "last answer", "next")
    return Grid(f"{len(found)} deliveries, newest first", head, rows)


def _answer(one: Delivery) -> str:
    if not one.attempts:
        return ""
    last = one.attempts[-1]
    return str(last.status) if last.status is not None else last.result.replace("_", " ")
