"""Sets a connector's part going again, where a person has seen to what stood in its way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.doubting import is_half_way
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import hand_tasks, item_steps, items, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, Task

BEGUN = (ItemState.APPROVED, ItemState.INTENDED)
AGAIN = (ItemState.FAILED, ItemState.UNKNOWN, ItemState.RETURNED)


async def retry_part(
    db: Connection, context: Context, request: SubjectRequest, task: Task, now: datetime
) -> bool:
    """Whether anything of a connector's part could be set going again."""
    if is_half_way(task):
        return False  # it goes on by itself, once it is known who is meant
    if task.stage is Stage.STUCK and task.resume is not None:
        await hand_tasks.withdraw(db, request.id, task.connector)
        await tasks.move(db, request.id, task.connector, Stage(task.resume), now)
        return True
    if task.stage is Stage.DONE:
        return await _retry_items(db, context, request, task.connector, now)
    if task.next_attempt_at is not None:
        await tasks.change(db, request.id, task.connector, now, attempts=0, next_attempt_at=None)
        return True
    return False


async def _retry_items(
    db: Connection, context: Context, request: SubjectRequest, connector: str, now: datetime
) -> bool:
    """Sends again what failed, and has judged anew what a person may have found out meanwhile."""
    failed = await item_steps.try_again(db, request.id, connector, AGAIN)
    judged = 0
    if request.operation is Operation.ERASE:  # a correction is no matter of retention
        leads = _leading(context, request, connector)
        judged = await item_steps.judge_again(db, request.id, connector, now, leads)
    goes_on = failed or await items.has_any(db, request.id, connector, BEGUN)
    if goes_on:
        await tasks.move(db, request.id, connector, Stage.EXECUTE, now)
    if goes_on or judged:
        await hand_tasks.withdraw(db, request.id, connector)
    return bool(goes_on or judged)


def _leading(context: Context, request: SubjectRequest, connector: str) -> Collection[Category]:
    """What is left to a person since the rest is found by it alone: that nothing judges anew."""
    known = context.desks[request.controller].connectors.get(connector)
    return known.manifest.leads if known and request.scope.is_by_category else ()
