"""Where what was given fits two people at one system, nothing is shown or done at any other.

An upstream that does not know who else had a number shows what it holds of both, and takes an
erasure of it. So all wait until a person has said who is meant: what was not begun as if nobody had
looked, what was begun as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from avgate_gateway.flow.context import Context, sealed_decisions
from avgate_gateway.request import Approval, State, SubjectRequest
from avgate_gateway.store import begun, copies, evidence, hand_tasks, item_steps, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.tasks import ASKED, Stage, Task, TaskCode
from avgate_gateway.vault import VaultError

_ELSEWHERE = "elsewhere, what was given fits more than one person; nothing is shown or done here"
_NO_FURTHER = (
    "elsewhere, what was given fits more than one person; nothing more is done here until a person "
    "has said who is meant"
)
# Confirming and verifying only look, so they go on.
HELD = frozenset({Stage.LOCATE, Stage.LOCATED, Stage.EXECUTE, Stage.DONE})


def is_ambiguous(all_tasks: Sequence[Task]) -> bool:
    """Whether what was given fits more than one person, by the last word of some upstream."""
    return any(map(says_two, all_tasks))


def says_two(task: Task) -> bool:
    """Whether its upstream says that two people fit.

    One that is only asked again has not answered, however long it is down: what it said stands.
    """
    return is_unsure(task) or (bool(task.said_two) and task.stage in ASKED)


def is_unsure(task: Task) -> bool:
    """Whether its part is stuck at that, and looks again as soon as more is known."""
    return task.stage is Stage.STUCK and task.code is TaskCode.AMBIGUOUS


def is_held(task: Task) -> bool:
    """Whether its part waits because of what another upstream said."""
    return task.stage is Stage.STUCK and task.code is TaskCode.HELD_BACK


def is_half_way(task: Task) -> bool:
    """Whether it is held, and goes on where it was once it is let go."""
    return is_held(task) and task.resume == Stage.EXECUTE


def may_go(all_tasks: Sequence[Task]) -> Sequence[Task]:
    """Those that are held for no reason any more."""
    return [] if is_ambiguous(all_tasks) else [t for t in all_tasks if is_held(t)]


async def let_go(db: Connection, request_id: str, all_tasks: Sequence[Task], now: datetime) -> bool:
    """Lets go what is held for no reason any more; whether anything was."""
    free = may_go(all_tasks)
    for task in free:
        stage = Stage(task.resume or Stage.LOCATE)
        await tasks.move(db, request_id, task.connector, stage, now)
    return bool(free)


async def hold_back(
    db: Connection, context: Context, request: SubjectRequest, all_tasks: Sequence[Task]
) -> None:
    """What one upstream knows counts for all: nothing found elsewhere is shown, planned or done.

    Of a closed request nobody looks for anything anew, so there nothing is forgotten.
    """
    now, is_open = context.now(), request.state is not State.CLOSED
    is_anything_forgotten = False
    for task in all_tasks:
        if task.stage not in HELD or says_two(task):
            continue
        if is_open and not await begun.is_begun(db, request.id, task.connector):
            await _forget(db, request.id, task.connector, now)
            is_anything_forgotten = True
        elif task.stage is Stage.EXECUTE:
            await _hold_half_way(db, request.id, task.connector, now)
    if is_anything_forgotten and request.approval is not None:
        await _take_back(db, context, request, request.approval)


async def keep_from_writing(db: Connection, request_id: str, now: datetime) -> None:
    """Holds what would write while one that said that two people fit is only being asked again."""
    for task in await tasks.of_request(db, request_id):
        if task.stage is Stage.EXECUTE:
            await _hold_half_way(db, request_id, task.connector, now)


async def _hold_half_way(db: Connection, request_id: str, connector: str, now: datetime) -> None:
    """Keeps it where it is: what was sent may be done, and is asked for under its keys later."""
    await tasks.move(
        db, request_id, connector, Stage.STUCK, now, resume=Stage.EXECUTE.value,
        code=TaskCode.HELD_BACK, reason=_NO_FURTHER,
    )  # fmt: skip


async def _forget(db: Connection, request_id: str, connector: str, now: datetime) -> None:
    """As if nobody had looked there: once it is known who is meant, it is looked at and planned anew."""
    await copies.forget(db, request_id, connector)
    await item_steps.drop(db, request_id, connector)
    await hand_tasks.withdraw(db, request_id, connector)
    await tasks.move(
        db, request_id, connector, Stage.STUCK, now, resume=Stage.LOCATE.value,
        code=TaskCode.HELD_BACK, reason=_ELSEWHERE, tally={}, columns=None, columns_box=None, learned_box=None,
        unseen=(), left_earlier=(),
    )  # fmt: skip


async def _take_back(
    db: Connection, context: Context, request: SubjectRequest, approval: Approval
) -> None:
    """Takes back the approval of plans of which nothing is left.

    The same items make the same plan again: it would pass for approved, and may not.
    """
    left = await begun.plans(db, request.id)
    values: dict[str, Any] = {}
    with suppress(VaultError):  # of what somebody altered nothing is carried out anyway
        values["decisions_box"] = await sealed_decisions(
            db, context, request.id, lambda decided: decided.of_plans(left)
        )
    if approval.plan_digest not in left:
        before = await _approved_before(db, request.id, left)
        values |= {
            "approved_by": before.by if before else None,
            "approved_at": before.at if before else None,
            "approved_digest": before.plan_digest if before else None,
            "begins_at": None,
            "plan_box": None,
            "plan_digest": None,
            "plan_valid_until": None,
        }
        told = {"digest": approval.plan_digest}
        await evidence.note(db, context.now(), request, "approval.withdrawn", told)
    if values:
        await requests.change(db, request.id, **values)


async def _approved_before(
    db: Connection, request_id: str, left: Collection[str]
) -> Approval | None:
    """The last approval of which something is left, as the evidence has it."""
    for entry in reversed(await evidence.of_request(db, request_id) if left else ()):
        told = json.loads(entry.details) if entry.event == "plan.approved" else {}
        if told.get("digest") in left:
            return Approval(told["by"], entry.at, told["digest"])
    return None
