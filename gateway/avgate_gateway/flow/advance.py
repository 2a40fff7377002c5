"""Does what is left to do for a request: harmless to call at any time, any number of times.

The path of an erasure: identity gate → every connector locates → plan → approval by a person →
every connector executes, confirms, verifies → closed → what was kept falls due. Access and export
copy where erasure locates, and are done. Each connector goes at its own pace (`running`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from structlog.contextvars import bound_contextvars

from avgate_gateway.flow import breaker, later, settling
from avgate_gateway.flow.context import AlteredError, Context
from avgate_gateway.flow.doubting import is_ambiguous
from avgate_gateway.flow.planning import POLICY, discard, plan, release
from avgate_gateway.flow.postponing import stop
from avgate_gateway.flow.running import run_tasks
from avgate_gateway.flow.trouble import QUICK_TRIES
from avgate_gateway.logs.catalogue import REQUEST_ORPHANED
from avgate_gateway.notice import Event
from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor
from avgate_gateway.store import requests, tasks
from avgate_gateway.store.outbox import tell
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.vault import VaultError

_ORPHAN = timedelta(hours=1)


async def advance(context: Context, request_id: str) -> None:
    """Takes a request as far as it can go now."""
    async with context.database.read() as db:
        request = await requests.find(db, request_id)
    if request is None:
        return
    about = {"request_id": request.id, "controller": request.controller}
    with (
        bound_contextvars(**about),
        context.traces.span(
            f"advance {request.operation.value}",
            avgate_request_id=request.id,
            avgate_controller=request.controller,
        ),
    ):
        await _advance(context, request)


async def _advance(context: Context, request: SubjectRequest) -> None:
    if request.controller not in context.desks:
        await _wait_for_controller(context, request)
        return
    if request.state is State.CLOSED:
        await _after_closing(context, request)
    elif request.identity is not None:
        await _carry(context, request)


async def _wait_for_controller(context: Context, request: SubjectRequest) -> None:
    """Asks nothing of any system; what was to be destroyed by now is destroyed all the same."""
    REQUEST_ORPHANED.tell()
    if request.state is State.CLOSED:
        await later.shred(context, request)
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is not None and current.wake_at is not None:
            soonest = context.now() + _ORPHAN
            await requests.wake(db, request.id, max(current.wake_at, soonest))


async def _carry(context: Context, request: SubjectRequest) -> None:
    if request.state is State.RECEIVED:
        async with context.database.write() as db:
            await requests.take_up(db, request, context.now())
    await _discard_lapsed(context, request)
    try:
        await _carry_on(context, request)
    except AlteredError:
        await stop(context, request)
    await settling.settle(context, request)


async def _carry_on(context: Context, request: SubjectRequest) -> None:
    subject = await run_tasks(context, request)
    located = await _located(context, request)
    if subject and located and not await plan(context, request, subject, located):
        await _nothing_to_do(context, request, located)
    # Also where an earlier advance was cut short between its plan and this.
    may_be_planned = bool(located) or settling.awaits_approval(request)
    approved = await _approve_by_policy(context, request) if may_be_planned else None
    if approved or located:
        await run_tasks(context, approved or request, is_compared=True)


async def _after_closing(context: Context, request: SubjectRequest) -> None:
    if request.closing is None:  # one that was withdrawn or refused is not carried out any further
        try:
            await run_tasks(context, request)
        except AlteredError:
            await stop(context, request)
        except VaultError:  # whatever else of it cannot be opened, what is promised is destroyed
            await later.shred(context, request)
            raise
        await settling.settle(context, request)
    await later.shred(context, request)


async def _discard_lapsed(context: Context, request: SubjectRequest) -> None:
    """Throws a plan away that nobody approved in time: then all it covers is located anew."""
    if not _has_lapsed(context, request):
        return
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is not None and _has_lapsed(context, current):
            await discard(db, context, current)


def _has_lapsed(context: Context, request: SubjectRequest) -> bool:
    if request.waiting_for is not WaitingFor.APPROVAL or request.plan_valid_until is None:
        return False
    return context.now() >= request.plan_valid_until


async def _located(context: Context, request: SubjectRequest) -> Sequence[Task]:
    """All tasks, once all that can be located soon has been; a connector in trouble is not waited for."""
    if request.operation in COPIES:
        return ()
    async with context.database.read() as db:
        current = await requests.find(db, request.id)
        all_tasks = await tasks.of_request(db, request.id)
    paused = context.paused(request.controller)
    return all_tasks if current is not None and is_plannable(current, all_tasks, paused) else ()


def is_plannable(
    request: SubjectRequest, all_tasks: Sequence[Task], paused: Collection[str] = ()
) -> bool:
    """Whether there is something to plan, and no plan to wait for or look to come soon.

    No look is to come soon of a connector that is `paused`.
    """
    if settling.awaits_approval(request) or is_ambiguous(all_tasks):
        return False
    looking = [
        t
        for t in all_tasks
        if t.stage is Stage.LOCATE and t.attempts <= QUICK_TRIES and t.connector not in paused
    ]
    return not looking and any(t.stage is Stage.LOCATED for t in all_tasks)


async def _nothing_to_do(
    context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> None:
    now = context.now()
    async with context.database.write() as db:
        await tasks.move_all(db, request.id, Stage.LOCATED, Stage.DONE, now)
        for name in (task.connector for task in all_tasks if task.stage is Stage.LOCATED):
            await tell(db, now, request, Event.SETTLED, connector=name, result="done")


async def _approve_by_policy(context: Context, request: SubjectRequest) -> SubjectRequest | None:
    """Approves in the name of the controller's policy, where that exempts this client.

    The request with the plan that was approved, whose age counts when it is carried out; or None.
    """
    if request.client_id not in context.desks[request.controller].approval_exempt_clients:
        return None
    async with context.database.write() as db:
        planned = await requests.find(db, request.id)
        if planned is None or planned.state is State.CLOSED or planned.plan_digest is None:
            return None
        if not settling.awaits_approval(planned):
            return None
        all_tasks = await tasks.of_request(db, request.id)
        if is_ambiguous(all_tasks) or not await breaker.lets_begin(db, context, planned):
            return None
        await release(db, context, planned, POLICY, planned.plan_digest)
    return planned
