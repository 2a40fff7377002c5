"""Makes the plan of what was located, for a person to approve, and sets what was approved going.

What the law keeps is decided here, per item, before anybody is asked: by pure functions of `plan` and `retention`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from avgate_contracts.connector import SupportsRectify
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential
from avgate_gateway.flow import earlier as left_before
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Context, Desk, Unsealed, sealed_decisions
from avgate_gateway.flow.learning import opened
from avgate_gateway.flow.outcomes import WHILE_RUNNING
from avgate_gateway.plan import (
    ErasurePlan,
    Fit,
    ItemRectification,
    Located,
    LocatedFields,
    PlanBuilder,
    RectificationPlan,
    plan_rectification,
)
from avgate_gateway.request import Approval, Confidential, State, SubjectRequest
from avgate_gateway.retention import AMSTERDAM, Action, Verdict
from avgate_gateway.retention.ground import LEFT_TO_PEOPLE, NO_INTERFACE
from avgate_gateway.store import earlier, evidence, item_steps, items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.earlier import Lead
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import LEFT_OUT, Stage, Task
from avgate_gateway.vault import Box
from avgate_gateway.warrant import Decisions, facts_of

PLAN = "plan"
POLICY = "policy"  # who approved where the controller's policy asks for no second person
_PAGE = 1000


async def plan(
    context: Context, request: SubjectRequest, subject: Unsealed, all_tasks: Sequence[Task]
) -> bool:
    """Plans the items that no plan covers yet; False where there are none."""
    if subject.person is None or subject.box is None:
        return False
    if request.operation is Operation.ERASE:
        leads = _leads(context, request, subject.person, subject.box, all_tasks)
        return await _plan_erasure(context, request, subject, leads, all_tasks)
    return await _plan_rectification(context, request, subject, subject.person, all_tasks)


async def _plan_erasure(
    context: Context,
    request: SubjectRequest,
    subject: Unsealed,
    leads: Collection[Lead],
    all_tasks: Sequence[Task],
) -> bool:
    now = context.now()
    desk = context.desks[request.controller]
    builder = PlanBuilder(desk.pack, now)
    judged: list[tuple[int, Verdict, bytes]] = []
    narrowed = {task.connector for task in all_tasks if task.tally.get(LEFT_OUT)}
    async for row in _open_items(context, request, all_tasks):
        manifest = desk.connectors[row.connector].manifest
        is_bound = row.category in manifest.after_service
        leads_on = row.connector in narrowed and row.category in manifest.leads
        located = Located(
            row.connector, row.digest, row.ref(subject.references), is_bound, leads_on
        )
        verdict = builder.add(located)
        judged.append((row.id, verdict, facts_of(row, verdict.action.value)))
    if not judged:
        return False
    made = builder.build(request.id, now + context.plan_valid)
    planned = [
        {
            **_verdict_row(item_id, verdict, now),
            "warrant": subject.warrants.issued(made.digest, facts),
        }
        for item_id, verdict, facts in judged
    ]
    await _store(context, request, made, subject, planned, leads)
    return True


def _leads(
    context: Context, request: SubjectRequest, person: Confidential, box: Box, tasks: Sequence[Task]
) -> set[Lead]:
    """By what a later request of the same person finds what this one has to leave."""
    told = [opened(task.learned_box, box) for task in tasks if task.learned_box]
    known = (*person.subject.identifiers, *(one for learned in told for one in learned.sure))
    return left_before.leads(context, request.controller, known)


async def _plan_rectification(
    context: Context,
    request: SubjectRequest,
    subject: Unsealed,
    person: Confidential,
    all_tasks: Sequence[Task],
) -> bool:
    now = context.now()
    rows = {row.digest: row async for row in _open_items(context, request, all_tasks)}
    if not rows:
        return False
    made = plan_rectification(
        [_with_fields(row, subject.references) for row in rows.values()],
        person.changes,
        request_id=request.id,
        valid_until=now + context.plan_valid,
        key=subject.references.digest_key("plan digest"),
    )
    desk = context.desks[request.controller]
    planned = [_fit_row(rows[one.item_id], one, desk, subject, made.digest) for one in made.items]
    await _store(context, request, made, subject, planned)
    return True


async def _store(
    context: Context,
    request: SubjectRequest,
    made: ErasurePlan | RectificationPlan,
    subject: Unsealed,
    planned: Sequence[Mapping[str, Any]],
    leads: Collection[Lead] = (),
) -> None:
    now = context.now()
    sealed = subject.box.seal(orjson.dumps(made.to_json()), PLAN) if subject.box else None
    rest = await item_steps.written_ahead(context.database, planned)
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is None or current.state is State.CLOSED:
            return  # it was withdrawn while we planned
        await items.change_each(db, rest)
        await earlier.lead_to(db, request.id, leads)
        await requests.change(
            db, request.id, plan_box=sealed, plan_digest=made.digest,
            plan_valid_until=made.valid_until, **_to_be_asked_again(current, made.digest),
        )  # fmt: skip
        await evidence.note(
            db, now, request, "plan.made",
            {"digest": made.digest, "items": len(planned), "valid_until": made.valid_until},
        )  # fmt: skip


def _to_be_asked_again(request: SubjectRequest, digest: str) -> Mapping[str, None]:
    """Forgets an approval of this very plan that set nothing going: nobody would be asked, and nothing done."""
    if request.approval is None or request.approval.plan_digest != digest:
        return {}
    return dict.fromkeys(("approved_by", "approved_at", "approved_digest", "begins_at"))


async def discard(db: Connection, context: Context, request: SubjectRequest) -> None:
    """Throws a plan away that nobody approved: what it covered is located anew."""
    now = context.now()
    await item_steps.unplan(db, request.id)
    await tasks.move_all(db, request.id, Stage.LOCATED, Stage.LOCATE, now)
    await requests.set_going(
        db, request, now, plan_box=None, plan_digest=None, plan_valid_until=None
    )
    await evidence.note(db, now, request, "plan.discarded", {})


async def release(
    db: Connection, context: Context, request: SubjectRequest, by: str, plan_digest: str
) -> None:
    """Writes an approval down and lets the connectors begin, now or once it has cooled off."""
    now, cools_off = context.now(), context.desks[request.controller].cooling_off
    approval = Approval(by, now, plan_digest, now + cools_off if cools_off else None)
    digest = approval.plan_digest
    sealed = await sealed_decisions(db, context, request.id, lambda d: d.with_approval(digest))
    await requests.set_going(
        db, request, approval.at, approved_by=approval.by, approved_at=approval.at,
        approved_digest=digest, begins_at=approval.begins_at, decisions_box=sealed,
    )  # fmt: skip
    await item_steps.release(db, request.id)
    unplanned = await items.unplanned_connectors(db, request.id)
    await tasks.move_all(
        db, request.id, Stage.LOCATED, Stage.EXECUTE, approval.at, but_not=unplanned,
        next_attempt_at=approval.begins_at,
    )  # fmt: skip
    await evidence.note(
        db, approval.at, request, "plan.approved",
        {"digest": digest, "by": by, "begins_at": approval.begins_at},
    )  # fmt: skip


async def withdraw(db: Connection, context: Context, request: SubjectRequest) -> None:
    """Takes an approval back that nothing was done by yet: what it set going is as it was before."""
    sealed = await sealed_decisions(db, context, request.id, Decisions.without_approvals)
    await requests.change(db, request.id, begins_at=None, decisions_box=sealed)
    await item_steps.unrelease(db, request.id)


async def _open_items(
    context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> AsyncIterator[Item]:
    """What was located by connectors that are through: half a list is no basis for a plan."""
    through = [task.connector for task in all_tasks if task.stage is Stage.LOCATED]
    last = 0
    while True:
        async with context.database.read() as db:
            page = await items.select(
                db,
                request.id,
                connectors=through,
                states=[ItemState.LOCATED],
                after=last,
                limit=_PAGE,
            )
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        last = page[-1].id


def _verdict_row(item_id: int, verdict: Verdict, now: datetime) -> dict[str, Any]:
    stays = verdict.action is Action.RETAIN
    code, reason = _why(verdict)
    return {
        "id": item_id,
        "action": verdict.action.value,
        "state": ItemState.LOCATED.value,
        "ground": verdict.ground.code.value if stays else None,
        "until": verdict.until if stays else None,
        "code": code,
        "reason": reason,
        "look_at": next_look(verdict, now) if stays else None,
        "changes_box": None,
    }


def _why(verdict: Verdict) -> tuple[str | None, str | None]:
    """What a report says of an item that does not simply go."""
    ground = verdict.ground
    match verdict.action:
        case Action.RETAIN:
            return ground.code.value, ground.sentence
        case Action.BY_HAND if ground.code in LEFT_TO_PEOPLE:
            return ground.code.value, ground.sentence
        case Action.BY_HAND:
            return "unsupported", NO_INTERFACE
        case _:
            return None, None


def next_look(verdict: Verdict, now: datetime) -> datetime:
    """When a kept item is looked at again: when its term ends, or daily while no such day is known."""
    day = verdict.goes_on
    if day is None:
        return now + WHILE_RUNNING
    return datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)


def _with_fields(row: Item, references: Box) -> LocatedFields:
    fields = confidential.fields_from_bytes(row.changes(references))
    return LocatedFields(row.connector, row.digest, row.ref(references), fields)


def _fitting(one: ItemRectification, *, can: bool) -> tuple[str, str | None, str | None]:
    """What is done with an item, and if a person has to do it, why."""
    if one.left_to_people:
        return ("by_hand", *one.left_to_people)
    if all(fit.fit is Fit.ALREADY_RIGHT for fit in one.fields):
        return "already_right", None, None
    if not can:
        return "by_hand", "unsupported", "there is no interface to change it here"
    return ("rectify" if one.change else "already_right"), None, None


def _fit_row(
    row: Item, one: ItemRectification, desk: Desk, subject: Unsealed, plan_digest: str
) -> dict[str, Any]:
    change = one.change
    action, code, reason = _fitting(one, can=can(desk.connectors[row.connector], SupportsRectify))
    changes = confidential.changes_to_bytes(change.changes) if change else None
    changes_box = row.sealed_changes(changes, subject.references) if changes else None
    facts = facts_of(row, action, changes_box)
    return {
        "id": row.id,
        "action": action,
        "state": ItemState.LOCATED.value,
        "ground": None,
        "until": None,
        "code": code,
        "reason": reason,
        "look_at": None,
        "changes_box": changes_box,
        "warrant": subject.warrants.issued(plan_digest, facts),
    }
