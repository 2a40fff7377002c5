"""Runs what every connector has to do for a request, all at once, each at its own pace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from structlog.contextvars import bind_contextvars

from avgate_gateway.bulkheads import at_upstream, leave_upstream
from avgate_gateway.flow import later
from avgate_gateway.flow.briefing import Briefing, briefing_of, knowledge
from avgate_gateway.flow.confirming import confirm
from avgate_gateway.flow.context import Context, Doubt, Part, Unsealed, unsealed
from avgate_gateway.flow.copying import copy
from avgate_gateway.flow.doubting import is_ambiguous, is_half_way, is_held, is_unsure
from avgate_gateway.flow.executing import execute, next_stage
from avgate_gateway.flow.locating import locate
from avgate_gateway.flow.looking import UnprovenError, obstacle
from avgate_gateway.flow.planning import discard
from avgate_gateway.flow.postponing import troubled
from avgate_gateway.flow.settling import awaits_approval
from avgate_gateway.flow.together import all_at_once
from avgate_gateway.flow.trouble import Trouble, trouble_of
from avgate_gateway.flow.verifying import verify
from avgate_gateway.logs.fault import record
from avgate_gateway.request import COPIES, Confidential, State, SubjectRequest
from avgate_gateway.store import copies, evidence, items, requests, tasks
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.vault import Box

_NO_ONES_WORK = frozenset({TaskCode.NOT_RELEVANT, TaskCode.CANNOT_FIND})
_LOOKED = frozenset({Stage.LOCATED, Stage.DONE})
_UNPROVEN = (
    "what was found here by a name card elsewhere does not say that it is the same person's; "
    "give an identifier that it is known by here"
)
_DAYS_UNKNOWN = (
    "a number is handed on, so nobody is looked up here by what was given before it is known on "
    "which days it was theirs; give the days"
)
# Settings change in one process after the other: for six minutes it is left to those that know it.
_NO_CONNECTOR = Trouble(TaskCode.MISCONFIGURED, "the connector is no longer in the config", 7)
_ROUNDS = 3  # of telling each other what is known; two are enough unless an upstream is late


async def run_tasks(
    context: Context, request: SubjectRequest, *, is_compared: bool = False
) -> Unsealed | None:
    """Runs every connector's part at once; none waits for another or stops it.

    Only a connector that cannot find anybody by what was given waits for what others know; and one
    that looked before something new was known looks again, which `is_compared` says was seen to.
    Returns the subject as it was opened for them; None where nothing was left to do.
    """
    subject: Unsealed | None = None
    for _ in range(_ROUNDS):
        all_tasks, due = await _due(context, request)
        if request.state is State.CLOSED and not due:
            break
        # After the tasks were read: what sets one going is sealed with the subject.
        subject = await unsealed(context, request)
        await _run_due(context, request, subject, all_tasks, due)
        if is_compared and not any(task.stage is Stage.LOCATE for task in due):
            break
        if not await _look_again(context, request, subject):
            break
    return subject


async def _run_due(
    context: Context,
    request: SubjectRequest,
    subject: Unsealed,
    all_tasks: Sequence[Task],
    due: Sequence[Task],
) -> None:
    doubt = Doubt(is_ambiguous(all_tasks))

    async def run(task: Task, briefing: Briefing) -> None:
        async with at_upstream(request.controller, task.connector) as has_waited:
            if not has_waited or await _is_as_it_was(context, request, task):
                await _run(context, request, subject, task, doubt, briefing=briefing)

    known = knowledge(context, request, subject, all_tasks)
    if known is None:
        nothing = Briefing(person=None, looked_with=None, cards=(), left_out=frozenset())
        await all_at_once(run(task, briefing=nothing) for task in due)
        return
    first = [task for task in due if not known.has_to_wait(task)]
    last = [task for task in due if task not in first]
    for task in last:
        leave_upstream(request.controller, task.connector)
    await all_at_once(run(task, briefing=briefing_of(known, task)) for task in first)
    if not last:
        return
    known = knowledge(context, request, subject, await _tasks(context, request)) or known
    ready = [task for task in last if not known.has_to_wait(task)]
    await all_at_once(run(task, briefing=briefing_of(known, task)) for task in ready)


async def _is_as_it_was(context: Context, request: SubjectRequest, task: Task) -> bool:
    """Whether nobody ended the request, or set the part going anew, while it waited for its place."""
    async with context.database.read() as db:
        current = await requests.find(db, request.id)
        own = await tasks.find(db, request.id, task.connector)
    if current is None or (current.state is State.CLOSED) is not (request.state is State.CLOSED):
        return False
    return (own.stage, own.updated_at) == (task.stage, task.updated_at)


async def _briefed_anew(
    context: Context, request: SubjectRequest, subject: Unsealed, task: Task
) -> Briefing | None:
    known = knowledge(context, request, subject, await _tasks(context, request))
    return briefing_of(known, task) if known else None


async def _tasks(context: Context, request: SubjectRequest) -> Sequence[Task]:
    async with context.database.read() as db:
        return await tasks.of_request(db, request.id)


async def _look_again(context: Context, request: SubjectRequest, subject: Unsealed) -> bool:
    """Sends those back to look who did before something was known that they can look by."""
    if request.state is State.CLOSED:
        return False
    known = knowledge(context, request, subject, await _tasks(context, request))
    if known is None:
        return False
    # What was forgotten of one that is held cannot help, and would be taken for something new.
    is_less_known = any(is_held(task) and not is_half_way(task) for task in known.tasks)
    unsure = [] if is_less_known else [t for t in known.tasks if is_unsure(t)]
    outdated = [
        task.connector
        for task in known.tasks
        if (task.stage in _LOOKED or task in unsure)
        and task.looked_with is not None
        and task.looked_with != known.looked_with(task.connector)
    ]
    return bool(outdated) and await _send_back(context, request, outdated)


async def _send_back(context: Context, request: SubjectRequest, outdated: Sequence[str]) -> bool:
    """Whether any could be sent back: what was approved already stays as it was approved."""
    now = context.now()
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is None or current.state is State.CLOSED:
            return False
        again = [n for n in outdated if await items.is_untouched(db, request.id, n)]
        if again and awaits_approval(current):
            await discard(db, context, current)
        for name in again:
            await tasks.move(db, request.id, name, Stage.LOCATE, now, looked_with=None)
    return bool(again)


async def _due(context: Context, request: SubjectRequest) -> tuple[Sequence[Task], Sequence[Task]]:
    """All tasks, and those that have something to do now."""
    now = context.now()
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        looks = await items.next_looks(db, request.id)
    return all_tasks, with_work(all_tasks, looks, now, context.paused(request.controller))


def with_work(
    all_tasks: Sequence[Task],
    looks: Mapping[str, datetime],
    now: datetime,
    paused: Collection[str] = (),
) -> Sequence[Task]:
    """The tasks that have something to do now; `looks` and `paused` as for `waking.wake_at`."""
    due = {connector for connector, look in looks.items() if look <= now}
    free = [t for t in all_tasks if t.connector not in paused]
    if is_ambiguous(all_tasks):  # they are about to be held
        free = [t for t in free if t.stage is not Stage.EXECUTE]
    ready = [t for t in free if t.next_attempt_at is None or t.next_attempt_at <= now]
    return [t for t in ready if t.stage.is_active or (t.stage is Stage.DONE and t.connector in due)]


async def _run(
    context: Context,
    request: SubjectRequest,
    subject: Unsealed,
    task: Task,
    doubt: Doubt,
    *,
    briefing: Briefing,
) -> None:
    """Takes one connector through its stages until it has to wait."""
    connector = context.desks[request.controller].connectors.get(task.connector)
    bind_contextvars(connector=task.connector)  # for good: each part runs in a context of its own
    while True:
        if task.connector in context.paused(request.controller):
            return  # since it was read, or since its last stage
        if connector is None:
            await troubled(context, task, _NO_CONNECTOR)
            return
        part = Part(
            context, request, task, connector, references=subject.references,
            warrants=subject.warrants, doubt=doubt, **briefing,
        )  # fmt: skip
        try:
            with context.traces.span(f"part {task.stage.value}", avgate_connector=task.connector):
                moved = await _step(part, subject.box)
        except CutShortError:  # no fault of the connector's, and nothing can be written here now
            raise
        except Exception as error:  # noqa: BLE001 -- one connector's fault must not stop the others
            trouble = trouble_of(error)
            doubt.is_raised |= trouble.code is TaskCode.AMBIGUOUS
            if trouble.code is TaskCode.FAULT:
                record(error)
            await troubled(context, task, trouble, briefing["looked_with"])
            return
        if moved is None:
            return
        if moved.stage is Stage.LOCATE and moved.learned_box != task.learned_box:
            briefing = await _briefed_anew(context, request, subject, moved) or briefing
        elif not _goes_on(moved, task, context.now()):
            return
        task = moved


def _goes_on(after: Task, before: Task, now: datetime) -> bool:
    """Whether it got on to a stage that can run at once."""
    has_moved = after.stage is not before.stage and after.stage.is_active
    return has_moved and (after.next_attempt_at is None or after.next_attempt_at <= now)


async def _step(part: Part, box: Box | None) -> Task | None:
    """Carries out one stage; the task as it is then, where another stage may follow at once."""
    match part.task.stage:
        case Stage.LOCATE if part.person is not None and box is not None:
            if not await _locate_or_copy(part, part.person, box):
                return await _current(part)
        case Stage.EXECUTE:
            return await next_stage(part) if await execute(part) else None
        case Stage.CONFIRM:
            return await confirm(part)
        case Stage.VERIFY:
            await verify(part)
        case Stage.DONE:
            await later.look_after(part)
            return await _current(part)
    return None


async def _current(part: Part) -> Task:
    async with part.context.database.read() as db:
        return await tasks.find(db, part.request.id, part.name)


async def _locate_or_copy(part: Part, person: Confidential, box: Box) -> bool:
    """Whether it is through; else it learned by what to look anew, at once."""
    against = obstacle(part.connector, part.request.operation, person.subject)
    if against is not None:
        code, reason = against
        needs_days = code is TaskCode.CANNOT_FIND and part.left_out
        await _cannot(part, code, _DAYS_UNKNOWN if needs_days else reason)
        return True
    try:
        look = copy if part.request.operation in COPIES else locate
        return await look(part, person, box)
    except UnprovenError:
        await _cannot(part, TaskCode.CANNOT_FIND, _UNPROVEN)
    return True


async def _cannot(part: Part, code: TaskCode, reason: str) -> None:
    """Says why a connector has no part in this: of no concern, or for a person to do."""
    now = part.context.now()
    stage = Stage.DONE if code in _NO_ONES_WORK else Stage.STUCK
    async with part.context.database.write() as db:
        await copies.forget(db, part.request.id, part.name)
        await items.forget(db, part.request.id, part.name)
        await tasks.move(
            db, part.request.id, part.name, stage, now,
            code=code, reason=reason, resume=Stage.LOCATE.value, looked_with=part.looked_with, said_two=None,
            unseen=(), left_earlier=(), tally={}, columns=None, columns_box=None, learned_box=None,
        )  # fmt: skip
        await evidence.note(
            db, now, part.request, "task.not_done",
            {"connector": part.name, "code": code},
        )  # fmt: skip
