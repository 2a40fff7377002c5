"""Says where a request is, from what its tasks and items are: nothing else decides that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from avgate_gateway.ending import detail
from avgate_gateway.flow.context import Context
from avgate_gateway.request import State, SubjectRequest, WaitingFor
from avgate_gateway.store import copies, evidence, hand_tasks, items, requests, tasks
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import Group, ItemState
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.store.unseen import UnseenPart

_FOR_A_PERSON = (ItemState.BY_HAND, ItemState.FAILED, ItemState.UNKNOWN, ItemState.RETURNED)
_ELSEWHERE = "elsewhere, what was given fits more than one person; nothing is shown or done here"
_BEFORE_EFFECTS = frozenset({Stage.LOCATE, Stage.LOCATED, Stage.DONE})
_SOON = timedelta(seconds=1)
_IDLE = timedelta(minutes=5)  # an open request is looked at so often even if nothing is due


async def settle(context: Context, request: SubjectRequest) -> None:
    """Writes the state that the tasks add up to, makes tasks for people, closes what is done."""
    now = context.now()
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is None or current.closing is not None:
            return
        all_tasks = await _held_together(db, context, current)
        await _hand_over(db, context, current, all_tasks)
        if current.state is State.CLOSED:
            return
        current = await requests.find(db, request.id) or current
        open_hand_tasks = [
            t for t in await hand_tasks.of_request(db, request.id) if t.completed_at is None
        ]
        look = await items.next_look(db, request.id)
        values = _state(current, all_tasks, look, has_hand_tasks=bool(open_hand_tasks), now=now)
        if values["state"] is State.CLOSED:
            await _close(db, context, request, now)
        elif _differs(current, values):
            await requests.change(db, request.id, **values)


async def _held_together(
    db: AsyncConnection, context: Context, request: SubjectRequest
) -> Sequence[Task]:
    """Holds the others back while one is ambiguous, and lets them go once none is."""
    all_tasks = await tasks.of_request(db, request.id)
    if is_ambiguous(all_tasks):
        await _hold_back(db, context, request, all_tasks)
    else:
        held = [t for t in all_tasks if t.stage is Stage.STUCK and t.code is TaskCode.HELD_BACK]
        for task in held:
            await tasks.move(db, request.id, task.connector, Stage.LOCATE, context.now())
    return await tasks.of_request(db, request.id)


def is_ambiguous(all_tasks: Sequence[Task]) -> bool:
    """Whether some upstream says that what was given fits more than one person."""
    return any(t.stage is Stage.STUCK and t.code is TaskCode.AMBIGUOUS for t in all_tasks)


async def _hold_back(
    db: AsyncConnection, context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> None:
    """What one upstream knows counts for all: nothing found elsewhere is shown, planned or done.

    An upstream that does not know who else had a number shows what it holds of both.
    """
    now = context.now()
    if awaits_approval(request):
        await requests.change(
            db, request.id, plan_box=None, plan_digest=None, plan_valid_until=None
        )
    for task in all_tasks:
        if task.stage in _BEFORE_EFFECTS and await items.is_untouched(
            db, request.id, task.connector
        ):
            await copies.forget(db, request.id, task.connector)
            await items.forget(db, request.id, task.connector)
            await hand_tasks.withdraw(db, request.id, task.connector)
            await tasks.move(
                db, request.id, task.connector, Stage.STUCK, now, resume=Stage.LOCATE.value,
                code=TaskCode.HELD_BACK, reason=_ELSEWHERE, tally={}, columns=None, learned_box=None,
                unseen=(),
            )  # fmt: skip


async def close(
    db: AsyncConnection, context: Context, request: SubjectRequest, closing: str
) -> None:
    """The same inside a transaction of the caller's."""
    await _close(db, context, request, context.now(), closing)


async def _close(
    db: AsyncConnection,
    context: Context,
    request: SubjectRequest,
    now: datetime,
    closing: str | None = None,
) -> None:
    if closing is not None:
        await hand_tasks.withdraw_all(db, request.id)
    look = await items.next_look(db, request.id)
    shredding = now + context.vault_keeps
    await requests.change(
        db, request.id, state=State.CLOSED, waiting_for=None, closed_at=now, closing=closing,
        wake_at=min(look, shredding) if look else shredding,
    )  # fmt: skip
    await evidence.append(
        db, now, request.controller, request.id, "request.closed", {"closing": closing}
    )


def _state(
    request: SubjectRequest,
    all_tasks: Sequence[Task],
    look: datetime | None,
    *,
    has_hand_tasks: bool,
    now: datetime,
) -> dict[str, Any]:
    stages = {task.stage for task in all_tasks}
    tries = [t.next_attempt_at for t in all_tasks if t.next_attempt_at and t.stage in _ACTIVE]
    # What is due and could not be settled at once is looked at again, but not every instant.
    times = [*tries, *([max(look, now + _SOON)] if look else [])]
    if Stage.LOCATED in stages and awaits_approval(request) and request.plan_valid_until:
        return _waiting(WaitingFor.APPROVAL, min([request.plan_valid_until, *times]))
    if stages & _ACTIVE:
        # Some stages may be without a time: what they wait for is another look by this process.
        return _waiting(WaitingFor.UPSTREAM, min(times) if tries else now + _SOON)
    if Stage.LOCATED in stages:
        return {"state": State.RUNNING, "waiting_for": None, "wake_at": now}
    if has_hand_tasks:
        return _waiting(WaitingFor.PERSON, min([now + _IDLE, *times]))
    return {"state": State.CLOSED}


def awaits_approval(request: SubjectRequest) -> bool:
    """Whether there is a plan that nobody has approved."""
    approved = request.approval.plan_digest if request.approval else None
    return request.plan_digest is not None and approved != request.plan_digest


def _waiting(waiting_for: WaitingFor, wake_at: datetime) -> dict[str, Any]:
    return {"state": State.WAITING, "waiting_for": waiting_for, "wake_at": wake_at}


def _differs(current: SubjectRequest, values: Mapping[str, Any]) -> bool:
    return any(getattr(current, name) != value for name, value in values.items())


async def _hand_over(
    db: AsyncConnection, context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> None:
    """Makes a task for a person of everything that no program can settle; each once."""
    for task in all_tasks:
        if task.stage is Stage.STUCK and task.code is not TaskCode.HELD_BACK:
            await hand_tasks.add(db, _stuck(context, request, task))
        for part in task.unseen if task.stage is Stage.DONE and not task.is_answered else ():
            if part.is_by_hand:
                await hand_tasks.add(db, _of_part(context, request, task, part))
    known = await hand_tasks.of_request(db, request.id)
    for group in await items.groups(db, request.id):
        if group.state in _FOR_A_PERSON and _is_settled(group, all_tasks):
            await hand_tasks.add(db, _of_group(context, request, group, _rounds(known, group)))


def _rounds(known: Sequence[HandTask], group: Group) -> int:
    """How often somebody said it was done: what is found again is a task again."""
    place = (group.connector, group.category, group.product)
    done = [task for task in known if task.completed_at is not None]
    return sum((task.connector, task.category, task.product) == place for task in done)


def _is_settled(group: Group, all_tasks: Sequence[Task]) -> bool:
    """Whether the connector is through: until then an unknown outcome may still be read back."""
    by_name = {task.connector: task.stage for task in all_tasks}
    return by_name.get(group.connector) in {Stage.DONE, Stage.STUCK}


def _stuck(context: Context, request: SubjectRequest, task: Task) -> HandTask:
    name = f"urn:avgate:stuck:{request.id}:{task.connector}:{task.resume}:{task.updated_at}"
    return HandTask(
        id=str(uuid5(NAMESPACE_URL, name)),
        controller=request.controller,
        request_id=request.id,
        connector=task.connector,
        category=None,
        product=None,
        count=0,
        code=task.code or "stuck",
        reason=task.reason or "it is stuck",
        due=request.promised,
        made_at=context.now(),
    )


def _of_part(context: Context, request: SubjectRequest, task: Task, part: UnseenPart) -> HandTask:
    return HandTask(
        id=part.task_id(request.id, task.connector),
        controller=request.controller,
        request_id=request.id,
        connector=task.connector,
        category=None,
        product=None,
        count=0,
        code=part.why.value,
        reason=detail(part),
        due=request.promised,
        made_at=context.now(),
    )


def _of_group(context: Context, request: SubjectRequest, group: Group, rounds: int) -> HandTask:
    name = (
        f"urn:avgate:hand:{request.id}:{group.connector}:{group.category}:{group.product}"
        f":{group.state}:{group.code}:{group.reason}:{rounds}"
    )
    return HandTask(
        id=str(uuid5(NAMESPACE_URL, name)),
        controller=request.controller,
        request_id=request.id,
        connector=group.connector,
        category=group.category,
        product=group.product,
        count=group.count,
        code=group.code or group.state,
        reason=group.reason or "it has to be done by a person",
        due=request.promised,
        made_at=context.now(),
    )


_ACTIVE = frozenset({Stage.LOCATE, Stage.EXECUTE, Stage.CONFIRM, Stage.VERIFY})
