"""Looks once more before what was approved is done, where the look that it was planned by is old.

An approval is of what somebody saw. Between the plan and its effect may lie days, and after an outage
weeks: a contract may have begun anew since, and what may not go any more has to stay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from avgate_contracts.connector import SupportsErase
from avgate_contracts.outcome import Failed
from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.locating import digest_of, refs_of
from avgate_gateway.flow.outcomes import columns
from avgate_gateway.flow.rejudging import judged
from avgate_gateway.store import evidence, items
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Stage

FRESH = timedelta(hours=1)
_PAGE = 500
_OVERTAKEN = Failed(
    "overtaken", "it changed upstream after the plan was made, and would be treated otherwise today"
)


async def look_first(part: Part) -> None:
    """Judges again what was approved by a plan that is no longer fresh; raises what the connector raises.

    And what stood still on its way, for the plan that is shown by then may be a later one of other
    parts. A correction compares with what is there by itself before it writes.
    """
    if part.request.operation is not Operation.ERASE or not can(part.connector, SupportsErase):
        return
    if _is_fresh(part) and part.task.resume != Stage.EXECUTE:
        return
    async for rows in _approved(part):
        sound = [row for row in rows if part.warrants.entitle(row)]  # others are told of later
        refs = await part.connector.still_held(refs_of(part, sound)) if sound else []
        held = {digest_of(part, ref.ref): ref for ref in refs}
        now = part.context.now()
        async with part.context.database.write() as db:
            goes, _ = await judged(db, part, sound, held)
            others = [row.id for row, verdict in goes if verdict.action.value != row.action]
            await items.change(db, others, **columns(_OVERTAKEN, now))
            stays = len(sound) - len(goes)
            if others or stays:
                await evidence.note(
                    db, now, part.request, "plan.overtaken",
                    {"connector": part.name, "stay_or_gone": stays, "otherwise": len(others)},
                )  # fmt: skip


def _is_fresh(part: Part) -> bool:
    """Whether the plan was made a moment ago, and by what is set now: settings change with a start."""
    until, context = part.request.plan_valid_until, part.context
    if until is None:
        return False
    made = until - context.plan_valid  # ahead of now, where a plan of before was valid for longer
    return made >= context.began and timedelta(0) <= context.now() - made < FRESH


async def _approved(part: Part) -> AsyncIterator[Sequence[Item]]:
    last = 0
    while True:
        async with part.context.database.read() as db:
            rows = await items.select(
                db, part.request.id, connector=part.name, states=[ItemState.APPROVED], after=last,
                limit=_PAGE,
            )  # fmt: skip
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].id
