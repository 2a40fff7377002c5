"""What pages say of work that people do by hand, and of a form about it that could not be taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.tasks import told
from avgate_gateway.console.door import Visit
from avgate_gateway.console.forms import Wrong
from avgate_gateway.console.labels import ASK, COMPANIES, WORK
from avgate_gateway.flow.recipients import told_by_hand
from avgate_gateway.flow.verifying import STILL_HELD
from avgate_gateway.retention import PersonsGround
from avgate_gateway.store import hand_tasks, queue, requests
from avgate_gateway.store import tasks as tasks_of_systems
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.vault import VaultError


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that could not be taken: what was typed, and what is wrong with it."""

    task_id: str
    evidence: str
    by: str
    wrong: Wrong
    ground: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Hand:
    """What pages say of tasks beside what stands in their rows; by task."""

    shown: Mapping[str, Mapping[str, object]]
    todo: Mapping[str, str]  # which sentence of `WORK`
    operations: Mapping[str, str]
    before: Mapping[str, datetime]  # when it was said to be done, and was still there
    whom: Mapping[str, str]  # the companies behind a system, where it is one of them that is meant
    tried: Tried | None = None
    none_wrong: Wrong = field(default_factory=Wrong)
    grounds: Sequence[str] = get_args(PersonsGround)  # on which something may be said to stay


async def hand_of(
    visit: Visit, db: Connection, tasks: Sequence[HandTask], tried: Tried | None = None
) -> Hand:
    """What is said of tasks; their items by the upstream's own names only to those who may do them."""
    context, caller = visit.gateway.context, visit.staff.caller
    shown = await told(db, context, tasks, caller)
    ids = {task.request_id for task in tasks}
    found = {one.id: one.operation for one in await queue.of_ids(db, caller.controller, ids)}
    operations = {task.id: found[task.request_id].value for task in tasks}
    whom = {task.id: await _whom(db, visit, task) for task in tasks if task.completed_at is None}
    todo = {task.id: _todo(task, found[task.request_id], whom.get(task.id)) for task in tasks}
    by_task = {task.id: _named(one) for task, one in zip(tasks, shown, strict=True)}
    meant = {task_id: name for task_id, name in whom.items() if name}
    before = {one.id: moment for one in tasks if (moment := await _said_done(db, one))}
    return Hand(by_task, todo, operations, before, meant, tried)


async def _said_done(db: Connection, task: HandTask) -> datetime | None:
    """When somebody said last that this was done, of a task that is there again as it was not."""
    if task.code != STILL_HELD or task.completed_at is not None:
        return None
    place = (task.connector, task.category, task.product)
    done = [
        one.completed_at
        for one in await hand_tasks.of_request(db, task.request_id)
        if one.completed_at and (one.connector, one.category, one.product) == place
    ]
    return max(done, default=None)


async def _whom(db: Connection, visit: Visit, task: HandTask) -> str:
    """Whom a person has to turn to, where a system is several companies; else nothing."""
    if task.code == WhyUnseen.NO_INTERFACE and task.category is None:
        parts = (await tasks_of_systems.find(db, task.request_id, task.connector)).unseen
        of_it = (one for one in parts if one.task_id(task.request_id, task.connector) == task.id)
        return ", ".join(one.part for one in of_it)
    request = await requests.find(db, task.request_id)
    if request is None:
        return ""
    try:
        told_of = await told_by_hand(db, visit.gateway.context, request, task, is_all=False)
    except VaultError:
        return ""
    return ", ".join(sorted(told_of.get("recipients", {})))


def _named(shown: dict[str, object]) -> dict[str, object]:
    """With items as somebody looks for them: what else a connector keeps in a reference is its own."""
    items = shown.get("items")
    if not isinstance(items, list):
        return shown
    return {**shown, "items": [{**one, "ref": sought(one["ref"])} for one in items]}


def sought(ref: str) -> str:
    """The words of a reference that is a list, without lists in it, which hold whom it is about."""
    try:
        parts = json.loads(ref)
    except ValueError:
        return ref
    words = (
        [str(one) for one in parts if isinstance(one, str | int)] if isinstance(parts, list) else []
    )
    return " · ".join(words) or ref


def _todo(task: HandTask, operation: Operation, whom: str | None) -> str:
    if task.code == WhyUnseen.NO_INTERFACE and task.category is None:
        return ASK
    if whom and COMPANIES + operation in WORK:
        return COMPANIES + operation
    return operation if operation in WORK else ASK
