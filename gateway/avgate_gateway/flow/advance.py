"""Does what is left to do for a request: harmless to call at any time, any number of times.

The path of an erasure: identity gate → every connector locates → plan → approval by a person →
every connector executes, confirms, verifies → closed → what was kept falls due. Access and export
copy where erasure locates, and are done. Each connector goes at its own pace.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential
from avgate_gateway.flow import later, settling
from avgate_gateway.flow.confirming import confirm
from avgate_gateway.flow.context import Context, Part, unsealed
from avgate_gateway.flow.copying import copy
from avgate_gateway.flow.executing import execute, next_stage
from avgate_gateway.flow.locating import locate
from avgate_gateway.flow.looking import CANNOT_FIND, LEARNED, NOT_RELEVANT, obstacle
from avgate_gateway.flow.planning import POLICY, discard, plan, release
from avgate_gateway.flow.trouble import QUICK_TRIES, Trouble, trouble_of
from avgate_gateway.flow.verifying import verify
from avgate_gateway.problem import record
from avgate_gateway.request import Approval, Confidential, State, SubjectRequest, WaitingFor
from avgate_gateway.store import evidence, items, requests, tasks
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.vault import Box

_NO_ONES_WORK = frozenset({NOT_RELEVANT, CANNOT_FIND})
_COPIES = frozenset({Operation.ACCESS, Operation.EXPORT})
_log = logging.getLogger("avgate.flow")


async def advance(context: Context, request_id: str) -> None:
    """Takes a request as far as it can go now."""
    async with context.database.read() as db:
        request = await requests.find(db, request_id)
    if request is None:
        return
    if request.controller not in context.desks:
        _log.error("request.orphaned %s: its controller is no longer in the config", request_id)
        return
    if request.state is State.CLOSED:
        await _after_closing(context, request)
    elif request.identity is not None:
        await _carry(context, request)


async def _carry(context: Context, request: SubjectRequest) -> None:
    if _plan_lapsed(context, request):
        async with context.database.write() as db:
            await discard(db, context, request)
    await _run_tasks(context, request)
    if await _may_plan(context, request):
        if not await plan(context, request):
            await _nothing_to_do(context, request)
        await _approve_by_policy(context, request)
        await _run_tasks(context, request)
    await settling.settle(context, request)


async def _after_closing(context: Context, request: SubjectRequest) -> None:
    if request.closing is None:  # one that was withdrawn or refused is not carried out any further
        await _run_tasks(context, request)
        await settling.settle(context, request)
    await later.shred(context, request)


def _plan_lapsed(context: Context, request: SubjectRequest) -> bool:
    """Whether nobody approved the plan in time: then all it covers is located anew."""
    if request.waiting_for is not WaitingFor.APPROVAL or request.plan_valid_until is None:
        return False
    return context.now() >= request.plan_valid_until


async def _may_plan(context: Context, request: SubjectRequest) -> bool:
    """Whether all that can be located soon has been; a connector in trouble is not waited for."""
    if request.operation in _COPIES or request.waiting_for is WaitingFor.APPROVAL:
        return False
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
    if settling.is_ambiguous(all_tasks):
        return False
    looking = [t for t in all_tasks if t.stage is Stage.LOCATE and t.attempts <= QUICK_TRIES]
    return not looking and any(t.stage is Stage.LOCATED for t in all_tasks)


async def _nothing_to_do(context: Context, request: SubjectRequest) -> None:
    async with context.database.write() as db:
        await tasks.move_all(db, request.id, Stage.LOCATED, Stage.DONE, context.now())


async def _approve_by_policy(context: Context, request: SubjectRequest) -> None:
    """Approves in the name of the controller's policy, where that exempts this client."""
    if request.client_id not in context.desks[request.controller].approval_exempt_clients:
        return
    async with context.database.write() as db:
        planned = await requests.find(db, request.id)
        if planned is None or planned.state is State.CLOSED:
            return
        if planned.plan_digest is not None:
            await release(db, planned, Approval(POLICY, context.now(), planned.plan_digest))


async def _run_tasks(context: Context, request: SubjectRequest) -> None:
    """Runs every connector's part at once; none waits for another or stops it.

    A connector that cannot find anybody by what was given goes last: by then others may have said
    what else they know the subject by.
    """
    if not await _runnable(context, request):
        return
    person, references, box = await unsealed(context, request.id)
    run = partial(_run, context, request, references=references, box=box)
    runnable = await _runnable(context, request)
    last = [t for t in runnable if _needs_others(context, request, t, person)]
    await _all_at_once(run(t, person=person) for t in runnable if t not in last)
    if last and person is not None and box is not None:
        informed = await _informed(context, request, person, box)
        await _all_at_once(run(t, person=informed) for t in last if informed is not None)


async def _runnable(context: Context, request: SubjectRequest) -> Sequence[Task]:
    now = context.now()
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        due = await items.has_due(db, request.id, now)
    ready = [t for t in all_tasks if t.next_attempt_at is None or t.next_attempt_at <= now]
    return [t for t in ready if t.stage in _STEPS or (t.stage is Stage.DONE and due)]


async def _all_at_once(runs: Iterable[Coroutine[None, None, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run)


def _needs_others(
    context: Context, request: SubjectRequest, task: Task, person: Confidential | None
) -> bool:
    connector = context.desks[request.controller].connectors.get(task.connector)
    if connector is None or person is None:
        return False
    against = obstacle(connector, request.operation, person.subject)
    return against is not None and against[0] == CANNOT_FIND


async def _informed(
    context: Context, request: SubjectRequest, person: Confidential, box: Box
) -> Confidential | None:
    """The person with what upstreams know them by; None while some may still tell."""
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
    learned: list[Identifier] = []
    for task in all_tasks:
        if task.learned_box is not None:
            plain = box.open(task.learned_box, LEARNED)
            learned.extend(confidential.identifiers_from_bytes(plain))
        elif _may_tell(context, request, task, person):
            return None
    subject = replace(
        person.subject, identifiers=(*person.subject.identifiers, *dict.fromkeys(learned))
    )
    return replace(person, subject=subject)


def _may_tell(context: Context, request: SubjectRequest, task: Task, person: Confidential) -> bool:
    looking = task.stage is Stage.LOCATE and task.attempts <= QUICK_TRIES
    return looking and not _needs_others(context, request, task, person)


async def _run(
    context: Context,
    request: SubjectRequest,
    task: Task,
    *,
    person: Confidential | None,
    references: Box,
    box: Box | None,
) -> None:
    """Takes one connector through its stages until it has to wait."""
    connector = context.desks[request.controller].connectors.get(task.connector)
    while True:
        if connector is None:
            await _troubled(context, task, Trouble("refused", "the connector is not loaded", 1))
            return
        part = Part(context, request, task, connector, person, references)
        try:
            await _step(part, box)
        except Exception as error:  # noqa: BLE001 -- one connector's fault must not stop the others
            trouble = trouble_of(error)
            if trouble.code == "fault":
                record(error)
            await _troubled(context, task, trouble)
            return
        moved = await _moved(context, task)
        if moved is None:
            return
        task = moved


async def _moved(context: Context, before: Task) -> Task | None:
    """The task as it is now, if it got on to a stage that can run at once."""
    async with context.database.read() as db:
        found = await tasks.of_request(db, before.request_id)
    after = next(t for t in found if t.connector == before.connector)
    waits = after.next_attempt_at is not None and after.next_attempt_at > context.now()
    return (
        after if after.stage is not before.stage and after.stage in _STEPS and not waits else None
    )


async def _step(part: Part, box: Box | None) -> None:
    match part.task.stage:
        case Stage.LOCATE if part.person is not None and box is not None:
            await _locate_or_copy(part, part.person, box)
        case Stage.EXECUTE:
            await execute(part)
            await next_stage(part)
        case Stage.CONFIRM:
            await confirm(part)
        case Stage.VERIFY:
            await verify(part)
            await later.schedule_looks(part)
        case Stage.DONE:
            await later.look_after(part)


async def _locate_or_copy(part: Part, person: Confidential, box: Box) -> None:
    against = obstacle(part.connector, part.request.operation, person.subject)
    if against is not None:
        await _cannot(part, *against)
    elif part.request.operation in _COPIES:
        await copy(part, person, box)
    else:
        await locate(part, person, box)


async def _cannot(part: Part, code: str, reason: str) -> None:
    """Says why a connector has no part in this: of no concern, or for a person to do."""
    now = part.context.now()
    stage = Stage.DONE if code in _NO_ONES_WORK else Stage.STUCK
    async with part.context.database.write() as db:
        await tasks.move(
            db, part.request.id, part.name, stage, now,
            code=code, reason=reason, resume=Stage.LOCATE.value,
        )  # fmt: skip
        await evidence.append(
            db, now, part.request.controller, part.request.id, "task.not_done",
            {"connector": part.name, "code": code},
        )  # fmt: skip


async def _troubled(context: Context, task: Task, trouble: Trouble) -> None:
    """Plans the next try, or hands the task to a person when enough were made."""
    now = context.now()
    attempts = task.attempts + 1
    delay = trouble.delay(attempts)
    async with context.database.write() as db:
        request = await requests.find(db, task.request_id)
        if request is None:
            return
        stuck = {"stage": Stage.STUCK, "resume": task.stage.value} if delay is None else {}
        await tasks.change(
            db, task.request_id, task.connector, now, attempts=attempts, code=trouble.code,
            reason=trouble.reason,
            next_attempt_at=None if delay is None else now + timedelta(seconds=delay), **stuck,
        )  # fmt: skip
        await evidence.append(
            db, now, request.controller, task.request_id, "task.attempted",
            {"connector": task.connector, "attempt": attempts, "code": trouble.code,
             "next_in_seconds": delay},
        )  # fmt: skip


_STEPS = frozenset({Stage.LOCATE, Stage.EXECUTE, Stage.CONFIRM, Stage.VERIFY})
