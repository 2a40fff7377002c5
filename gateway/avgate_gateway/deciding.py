"""What people decide about a request, each written down with who decided it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from avgate_contracts.record import WhyUnseen
from avgate_gateway import keeping, remarking
from avgate_gateway.due import due_dates, may_extend
from avgate_gateway.flow import breaker, settling
from avgate_gateway.flow.context import Context, sealed_decisions
from avgate_gateway.flow.doubting import is_ambiguous, keep_from_writing, says_two
from avgate_gateway.flow.planning import release, withdraw
from avgate_gateway.flow.recipients import told_by_hand
from avgate_gateway.flow.retrying import retry_part
from avgate_gateway.flow.unbegun import cools_off, is_untouched, may_be_withdrawn
from avgate_gateway.notice import Event
from avgate_gateway.problem import (
    ERASURES_HELD,
    PLAN_CHANGED,
    SECOND_PERSON_REQUIRED,
    WRONG_STATE,
    Problem,
    ProblemError,
)
from avgate_gateway.request import Approval, IdentityCheck, State, SubjectRequest, WaitingFor
from avgate_gateway.second_person import Party
from avgate_gateway.store import evidence, hand_tasks, item_steps, items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask, Kept
from avgate_gateway.store.outbox import tell
from avgate_gateway.store.tasks import Stage, TaskCode
from avgate_gateway.store.unseen import done_by


async def verify_identity(
    db: Connection, context: Context, request: SubjectRequest, check: IdentityCheck, by: str
) -> None:
    """Opens the identity gate; doing so again in the same way changes nothing."""
    if request.identity == check:
        return
    if request.identity is not None or request.state is State.CLOSED:
        raise _wrong_state("Its identity was settled before.")
    now = context.now()
    sealed = await sealed_decisions(db, context, request.id, lambda d: d.with_identity(check))
    await requests.change(
        db, request.id, identity_method=check.method, identity_by=check.verified_by,
        identity_at=check.verified_at, state=State.RECEIVED, waiting_for=None, wake_at=now,
        decisions_box=sealed,
    )  # fmt: skip
    await evidence.note(db, now, request, "identity.verified", {"method": check.method, "by": by})


async def decide(
    db: Connection, context: Context, request: SubjectRequest, digest: str, party: Party, *,
    approve: bool, reason: str | None = None, may_exceed: bool = False,
) -> None:  # fmt: skip
    """Approves or rejects the plan with this digest, by somebody else than the submitter.

    `may_exceed`: whoever does may let more erasures begin than usually do.
    """
    by = party.client_id
    if party.is_one_with(Party(request.client_id, request.submitter)):
        raise ProblemError(Problem(SECOND_PERSON_REQUIRED))
    if approve and _is_the_same(request.approval, by, digest):
        return
    is_up = request.waiting_for is WaitingFor.APPROVAL and digest == request.plan_digest
    if not approve and not is_up and await evidence.rejects(db, request.id, digest):
        return
    if request.waiting_for is not WaitingFor.APPROVAL or request.plan_valid_until is None:
        raise _wrong_state("No plan of it waits for a decision.")
    if is_ambiguous(await tasks.of_request(db, request.id)):
        raise _wrong_state("What was given fits more than one person.")
    now = context.now()
    if digest != request.plan_digest or now >= request.plan_valid_until:
        raise ProblemError(Problem(PLAN_CHANGED))
    await remarking.keep(db, context, request.id, remarking.decision(digest), reason)
    if approve:
        await _make_room(db, context, request, by, may_exceed=may_exceed)
        await release(db, context, request, by, digest)
        return
    await evidence.note(db, now, request, "plan.rejected", {"digest": digest, "by": by})
    await _reject(db, context, request)


async def _make_room(
    db: Connection, context: Context, request: SubjectRequest, by: str, *, may_exceed: bool
) -> None:
    """Counts an erasure; raises ProblemError where it is one of too many, and the approver may not decide that."""
    wait = await breaker.wait(db, context, request, by)
    if wait is None:
        return
    if not may_exceed:
        headers = {"retry-after": str(ceil(wait.total_seconds()))}
        raise ProblemError(Problem(ERASURES_HELD, headers=headers))
    await breaker.let_go(db, context, request, by)


async def _reject(db: Connection, context: Context, request: SubjectRequest) -> None:
    """Ends the request; or only what the plan covers, where an earlier plan is being carried out."""
    if await is_untouched(db, request):
        await settling.close(db, context, request, "rejected")
        return
    now = context.now()
    await item_steps.reject(db, request.id, "a person refused the plan that it was part of")
    await tasks.move_all(db, request.id, Stage.LOCATED, Stage.DONE, now)
    await requests.set_going(
        db, request, now, plan_box=None, plan_digest=None, plan_valid_until=None
    )


def _is_the_same(approval: Approval | None, by: str, digest: str) -> bool:
    return approval is not None and (approval.by, approval.plan_digest) == (by, digest)


async def cancel(
    db: Connection, context: Context, request: SubjectRequest, by: str,
    reason: str | None = None,
) -> None:  # fmt: skip
    """Withdraws a request of which nothing was carried out yet."""
    if request.state is State.CLOSED and request.closing == "cancelled":
        return
    if request.state is State.CLOSED or not await may_be_withdrawn(db, context, request):
        raise _wrong_state("It is being, or was, carried out.")
    if cools_off(context, request):
        await withdraw(db, context, request)
    await remarking.keep(db, context, request.id, remarking.CANCELLATION, reason)
    await evidence.note(db, context.now(), request, "request.cancelled", {"by": by})
    await settling.close(db, context, request, "cancelled")


async def retry(
    db: Connection, context: Context, request: SubjectRequest, connector: str | None, by: str
) -> None:
    """Sets going again what is stuck, waits for a later try, or failed."""
    if request.identity is None:
        raise _wrong_state("Its identity is not verified, and nothing runs before that.")
    if request.closing is not None:
        raise _wrong_state("It was withdrawn, refused or answered, and is not carried out.")
    if cools_off(context, request):
        raise _wrong_state("It was approved a moment ago, and may be withdrawn until it begins.")
    now = context.now()
    all_tasks = await tasks.of_request(db, request.id)
    is_in_doubt = is_ambiguous(all_tasks)
    if is_in_doubt and any(task.stage is Stage.EXECUTE for task in all_tasks):
        raise _wrong_state(
            "What was given fits more than one person, and what is under way is being stopped."
        )
    again = [
        task.connector
        for task in all_tasks
        if connector in {None, task.connector} and await retry_part(db, context, request, task, now)
    ]
    if is_in_doubt:
        await keep_from_writing(db, request.id, now)
    await evidence.note(db, now, request, "request.retried", {"connectors": again, "by": by})
    await _go_on(db, request, now, is_moving=bool(again))


async def extend(
    db: Connection, context: Context, request: SubjectRequest, reason: str, by: str
) -> None:
    """Takes two more months, inside the first one and with reasons (GDPR Art. 12(3))."""
    [earlier] = await remarking.explained(db, context, [request])
    if request.extended is not None and earlier.extension_reason == reason:
        return
    now = context.now()
    if request.state is State.CLOSED or request.extended is not None:
        raise _wrong_state("It is closed, or was extended before.")
    if not may_extend(request.counts_from, now):
        raise _wrong_state("An extension must be told within the first month.")
    days = context.desks[request.controller].answer_within_days
    due = due_dates(request.counts_from, days, extension=True)
    await requests.change(db, request.id, extended=due.extended)
    await remarking.keep(db, context, request.id, remarking.EXTENSION, reason)
    await evidence.note(db, now, request, "request.extended", {"until": due.extended, "by": by})


async def complete(
    db: Connection, context: Context, request: SubjectRequest, task: HandTask, by: str,
    told: str, client: str, kept: Kept | None = None,
) -> None:  # fmt: skip
    """Takes a person's word that something was done by hand; then the upstream is looked at.

    It releases nothing that a plan did not, so whoever submitted the request may give it; `by` is
    a name that the client wrote, so the client stands beside it. `kept`: it was not done, for it
    has to stay.
    """
    now = context.now()
    if kept is not None:
        keeping.check_may_stay(request, task)
    await hand_tasks.complete(db, task.id, by, now, kept)
    what = {"task_id": task.id, "connector": task.connector}
    await tell(db, now, request, Event.TASK_COMPLETED, **what)
    await remarking.keep(db, context, request.id, remarking.hand_task(task.id), told)
    if await _is_in_doubt(db, task) and await items.is_untouched(db, request.id):
        await settling.close(db, context, request, TaskCode.AMBIGUOUS.value)
        return
    if task.code == WhyUnseen.NO_INTERFACE and task.category is None:
        await _see_to_part(db, context, request, task, {"by": by, "client": client})
        return
    if kept is not None:
        await keeping.keep(db, context, request, task, kept, {"by": by, "client": client})
        await _go_on(db, request, now, is_moving=True)
        return
    recipients = await told_by_hand(db, context, request, task)
    count = await item_steps.done_by_hand(db, task)  # it may be about more or less than when made
    if task.category is None:
        await items.forget(db, request.id, task.connector)  # of a look before it got stuck
        await tasks.move(
            db, request.id, task.connector, Stage.DONE, now, code=TaskCode.DONE_BY_HAND
        )
    elif await _is_through(db, request, task.connector):  # else it comes to that by itself
        await tasks.move(db, request.id, task.connector, Stage.VERIFY, now)
    await evidence.note(
        db, now, request, "hand_task.completed",
        {"connector": task.connector, "category": task.category, "count": count,
         "by": by, "client": client, **recipients},
    )  # fmt: skip
    await _go_on(db, request, now, is_moving=True)


async def _is_in_doubt(db: Connection, task: HandTask) -> bool:
    """Whether it is all of a system that said that two people fit, and nothing else since."""
    if task.category is not None or task.code == WhyUnseen.NO_INTERFACE:
        return False
    return says_two(await tasks.find(db, task.request_id, task.connector))


async def _see_to_part(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    task: HandTask,
    who: Mapping[str, str],
) -> None:
    """A person asked where no program can; what the others showed stays as it is."""
    now, name = context.now(), task.connector
    parts = (await tasks.find(db, request.id, name)).unseen
    seen_to = done_by(task.id, request.id, name, parts)
    await tasks.change(db, request.id, name, now, unseen=seen_to)
    await evidence.note(
        db, now, request, "hand_task.completed",
        {"connector": name, "parts": [p.part for p in seen_to if p not in parts], **who},
    )  # fmt: skip
    await _go_on(db, request, now, is_moving=True)


async def _is_through(db: Connection, request: SubjectRequest, connector: str) -> bool:
    found = await tasks.of_request(db, request.id)
    return any(task.connector == connector and task.stage is Stage.DONE for task in found)


async def _go_on(
    db: Connection, request: SubjectRequest, now: datetime, *, is_moving: bool
) -> None:
    """Has the engine look; whoever reads the request before that sees that it is under way."""
    if is_moving and request.waiting_for is WaitingFor.PERSON:
        await requests.set_going(db, request, now)
    else:
        await requests.wake(db, request.id, now)


def _wrong_state(detail: str) -> ProblemError:
    return ProblemError(Problem(WRONG_STATE, detail))
