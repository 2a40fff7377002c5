"""Writes down that a connector's part could not be done now: when it is tried again, or that a person has to look."""

from __future__ import annotations

from datetime import timedelta

from avgate_gateway.flow.context import Context
from avgate_gateway.flow.trouble import Trouble
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import evidence, items, requests, tasks
from avgate_gateway.store.tasks import Stage, Task, TaskCode

_ALTERED = (
    "the request is not as it was decided on: somebody changed it outside of the gateway; nothing is "
    "done for it any more. Withdraw it, submit it again, and look who can write the database"
)


async def troubled(
    context: Context, task: Task, trouble: Trouble, looked_with: str | None = None
) -> None:
    """Plans the next try, or hands the task to a person when enough were made.

    Not where it was set going in another way meanwhile: that begins now, and says by itself what comes of it.
    """
    now = context.now()
    async with context.database.write() as db:
        request = await requests.find(db, task.request_id)
        current = await tasks.find(db, task.request_id, task.connector)
        if request is None or current.stage is not task.stage:
            return
        attempts = current.attempts + 1
        is_another = current.code not in {None, trouble.code}
        waited = (now - current.updated_at).total_seconds()
        delay = trouble.delay(attempts, is_another=is_another, waited=waited)
        told: dict[str, str | bool | None] = {}
        if delay is None:
            told = {"stage": Stage.STUCK, "resume": task.stage.value}
        if task.stage is Stage.LOCATE:
            told["looked_with"] = looked_with
        if trouble.code is TaskCode.AMBIGUOUS:
            told["said_two"] = True
        await tasks.change(
            db, task.request_id, task.connector, now, attempts=attempts, code=trouble.code,
            reason=trouble.reason,
            next_attempt_at=None if delay is None else now + timedelta(seconds=delay), **told,
        )  # fmt: skip
        await evidence.note(
            db, now, request, "task.attempted",
            {"connector": task.connector, "attempt": attempts, "code": trouble.code,
             "next_in_seconds": delay},
        )  # fmt: skip


async def stop(context: Context, request: SubjectRequest) -> None:
    """Has a person look at a request that does not say what was decided about it."""
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        looks = await items.next_looks(db, request.id)
    now = context.now()
    due = {connector for connector, look in looks.items() if look <= now}
    for task in all_tasks:
        is_over = task.stage is Stage.DONE and task.connector not in due
        if not is_over and task.stage is not Stage.STUCK:
            await troubled(context, task, Trouble(TaskCode.ALTERED, _ALTERED, 1))
