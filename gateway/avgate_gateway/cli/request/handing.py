"""`avgate request handover`: the copy of an export to a successor, and what became of that."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
import typer

from avgate_client import Handover
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    RequestId,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid


@reaching
def handover(
    *,
    request_id: RequestId,
    to: Annotated[
        str | None, typer.Option(help="The destination, by its name; left out: how it stands.")
    ] = None,
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Hands the copy of an export over to a successor.

    Without --to it only shows how that stands.
    """
    found = asyncio.run(_handed_over(reach, request_id, to))
    if json:
        items = {"items": [one.model_dump(mode="json") for one in found]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    with screen() as shown:
        shown.grid(_grid(found))


async def _handed_over(reach: Reach, request_id: str, to: str | None) -> list[Handover]:
    scopes = {Scope.READ} if to is None else {Scope.READ, Scope.EXPORT}
    async with connected(reach.url, reach.token_for(scopes)) as client:
        if to is not None:
            await client.hand_over(request_id, to)
        return list(await client.handovers(request_id))


def _grid(found: list[Handover]) -> Grid:
    head = ("handover", "to", "state", "attempts", "next", "file there", "why")
    rows = tuple(
        (
            one.id,
            one.destination,
            one.state,
            str(one.attempts),
            str(one.next_attempt_at or ""),
            one.receipt.name if one.receipt else "",
            f"{one.code}: {one.reason}" if one.code else "",
        )
        for one in found
    )
    return Grid("hand-overs of this request", head, rows)
