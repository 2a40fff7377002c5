"""Says where a request is, from what its tasks and items are: nothing else decides that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from avgate_gateway.ending import detail
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.doubting import hold_back, is_ambiguous, is_held, let_go
from avgate_gateway.flow.waking import wake_at
from avgate_gateway.notice import Event
from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor
from avgate_gateway.store import came_to, evidence, hand_tasks, items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import Group
from avgate_gateway.store.outbox import tell
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.store.unseen import UnseenPart


async def settle(context: Context, request: SubjectRequest) -> None:
    """Writes the state that the tasks add up to, makes tasks for people, closes what is done.

    Raises CirclingError where it has come to nothing too often.
    """
    if await _has_settled(context, request):
        context.circling.is_over(request.id)
    else:
        context.circling.again(request.id)


async def _has_settled(context: Context, request: SubjectRequest) -> bool:
    """Whether it waits for somebody then, or is closed; else there is something to do at once."""
    now = context.now()
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is None or current.closing is not None:
            return True
        all_tasks = await tasks.of_request(db, request.id)
        if await hold_together(db, context, current, all_tasks):
            current = await requests.find(db, request.id) or current
            all_tasks = await tasks.of_request(db, request.id)
        await _hand_over(db, context, current, all_tasks)
        if current.state is State.CLOSED:
            return True
        open_hand_tasks = [
            t for t in await hand_tasks.of_request(db, request.id) if t.completed_at is None
        ]
        state, waiting_for = _state(current, all_tasks, has_hand_tasks=bool(open_hand_tasks))
        if state is State.CLOSED:
            await close(db, context, current, all_tasks=all_tasks)
            return True
        looks = await items.next_looks(db, request.id)
        then = replace(current, state=state, waiting_for=waiting_for)
        paused = context.paused(request.controller)
        then = replace(then, wake_at=wake_at(then, all_tasks, looks, now, paused=paused))
        if then != current:
            await requests.change(
                db, request.id, state=state, waiting_for=waiting_for, wake_at=then.wake_at
            )
        if (then.state, then.waiting_for) != (current.state, current.waiting_for):
            event = Event.WAITING if state is State.WAITING else Event.RUNNING
            await tell(db, now, then, event)
    return waiting_for is not None


async def hold_together(
    db: Connection, context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> bool:
    """Holds the others back while one is ambiguous, lets them go once none is; whether it did."""
    if not is_ambiguous(all_tasks):
        return await let_go(db, request.id, all_tasks, context.now())
    if awaits_approval(request):
        await requests.change(
            db, request.id, plan_box=None, plan_digest=None, plan_valid_until=None
        )
    await hold_back(db, context, request, all_tasks)
    return True


async def close(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    closing: str | None = None,
    *,
    all_tasks: Sequence[Task] | None = None,
) -> None:
    """Ends a request, inside a transaction of the caller's, who may have read its tasks there.

    `closing` says why, where it was not carried out; then nobody has to do anything for it either.
    """
    now = context.now()
    if closing is not None:
        await hand_tasks.withdraw_all(db, request.id)
    then = replace(request, state=State.CLOSED, waiting_for=None, closed_at=now, closing=closing)
    all_tasks = all_tasks or await tasks.of_request(db, request.id)
    wake = wake_at(
        then,
        all_tasks,
        await items.next_looks(db, request.id),
        now,
        keys_until=now + context.vault_keeps,
        paused=context.paused(request.controller),
    )
    await requests.change(
        db, request.id, state=then.state, waiting_for=None, closed_at=now, closing=closing,
        wake_at=wake,
    )  # fmt: skip
    has_items = request.operation not in COPIES
    groups = await came_to.groups_of(db, [request.id]) if has_items else {}
    told = came_to.account(all_tasks, groups.get(request.id, ())).details()
    await evidence.note(db, now, request, came_to.CLOSED, {"closing": closing, **told})


def _state(
    request: SubjectRequest, all_tasks: Sequence[Task], *, has_hand_tasks: bool
) -> tuple[State, WaitingFor | None]:
    stages = {task.stage for task in all_tasks}
    if Stage.LOCATED in stages and awaits_approval(request):
        return State.WAITING, WaitingFor.APPROVAL
    if any(stage.is_active for stage in stages):
        return State.WAITING, WaitingFor.UPSTREAM
    if Stage.LOCATED in stages:
        return State.RUNNING, None
    if has_hand_tasks:
        return State.WAITING, WaitingFor.PERSON
    return State.CLOSED, None


def awaits_approval(request: SubjectRequest) -> bool:
    """Whether there is a plan that nobody has approved."""
    approved = request.approval.plan_digest if request.approval else None
    return request.plan_digest is not None and approved != request.plan_digest


async def _hand_over(
    db: Connection, context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> None:
    """Makes a task for a person of everything that no program can settle; each once."""
    stuck = [t for t in all_tasks if t.stage is Stage.STUCK and not is_held(t)]
    for task in all_tasks:
        for part in task.unseen if task.stage is Stage.DONE and not task.is_answered else ():
            if part.is_by_hand:
                await _make(db, request, _of_part(context, request, task, part))
    groups = await items.groups_left(db, request.id)
    left = [group for group in groups if _is_settled(group, all_tasks)]
    known = list(await hand_tasks.of_request(db, request.id)) if left or stuck else []
    for task in stuck:
        await _make_unless_known(db, request, _stuck(context, request, task), known)
    for group in left:
        made = _of_group(context, request, group, _rounds(known, group))
        await _make_unless_known(db, request, made, known)


async def _make_unless_known(
    db: Connection, request: SubjectRequest, made: HandTask, known: list[HandTask]
) -> None:
    """Makes it unless it is to be done already, under an id of an earlier moment."""
    if not any(_is_the_same(made, task) for task in known):
        await _make(db, request, made)
        known.append(made)


async def _make(db: Connection, request: SubjectRequest, made: HandTask) -> None:
    if await hand_tasks.add(db, made):
        what = {"task_id": made.id, "connector": made.connector, "due": made.due}
        await tell(db, made.made_at, request, Event.TASK_OPENED, **what)


def _rounds(known: Sequence[HandTask], group: Group) -> int:
    """How often somebody said it was done: what is found again is a task again."""
    place = (group.connector, group.category, group.product)
    done = [task for task in known if task.completed_at is not None]
    return sum((task.connector, task.category, task.product) == place for task in done)


def _is_the_same(made: HandTask, known: HandTask) -> bool:
    """Whether it is to be done already: its id changes when another of its kind is done (`_rounds`).

    So does that of a part that is stuck, when a person sees to what the part could not look into.
    """
    told = (made.connector, made.category, made.product, made.code, made.reason)
    asked = (known.connector, known.category, known.product, known.code, known.reason)
    return known.completed_at is None and asked == told


def _is_settled(group: Group, all_tasks: Sequence[Task]) -> bool:
    """Whether the connector is through: until then an unknown outcome may still be read back."""
    return any(
        task.connector == group.connector
        and task.stage in {Stage.DONE, Stage.STUCK}
        and not is_held(task)
        for task in all_tasks
    )


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
