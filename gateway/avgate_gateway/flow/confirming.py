"""Stage CONFIRM: asks upstreams that accepted whether they have done it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from avgate_contracts.connector import SupportsConfirm
from avgate_contracts.errors import NotFoundError
from avgate_contracts.outcome import Failed, ItemOutcome
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.executing import next_stage, write_outcomes
from avgate_gateway.flow.locating import refs_of
from avgate_gateway.store import items
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Task

_FORGOTTEN = Failed("unconfirmable", "the upstream accepted it, and knows nothing of it any more")
_NO_WAY = Failed("unconfirmable", "the upstream accepted, but there is no way to ask about it")


async def confirm(part: Part) -> Task:
    """Settles what is due for a look; the task as it is then. Raises what the connector raises."""
    async with part.context.database.read() as db:
        due = await items.due(
            db, part.request.id, part.name, [ItemState.PENDING], part.context.now()
        )
    for (job, key), rows in groupby(sorted(due, key=_order), key=_order):
        if part.is_paused:
            break
        batch = list(rows)
        await write_outcomes(part, batch, await _told(part, job, batch), key)
    return await next_stage(part)


async def _told(part: Part, job: str, batch: Sequence[Item]) -> Sequence[ItemOutcome]:
    refs = refs_of(part, batch)
    why = _NO_WAY
    if can(part.connector, SupportsConfirm):
        try:
            return await part.connector.confirm(job, refs)
        except NotFoundError:  # which is said of this job, and of no other
            why = _FORGOTTEN
    return [ItemOutcome(ref.ref, why) for ref in refs]


def _order(row: Item) -> tuple[str, str]:
    """The upstream's name for what it accepted, and ours for what was intended by it."""
    return row.job or "", row.batch or ""
