"""What became of a request, as the evidence keeps it: written when it is closed, and when that changes.

Rows can be written by more than the gateway. What they say of a closed request is what its report
says; so that it can be compared, the evidence holds how many items of each system fared how, and a
digest over all else that a report is made of. Neither names anybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store import earlier, tasks, unseen
from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.evidence_schema import evidence
from avgate_gateway.store.item import Group
from avgate_gateway.store.items import ALIKE, COUNT
from avgate_gateway.store.schema import item, request
from avgate_gateway.store.tasks import Stage, Task

CLOSED, CHANGED = "request.closed", "request.came_to"


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a request: `outcomes` by system and state, `facts` over everything told of it."""

    facts: str
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """As an entry of the evidence holds it."""
        return {"facts": self.facts, **({"outcomes": self.outcomes} if self.outcomes else {})}


@dataclass(frozen=True, slots=True)
class Row:
    """A request as far as it matters here; `is_due` while somebody is at it, or about to be."""

    id: str
    is_closed: bool
    is_due: bool


def account(all_tasks: Sequence[Task], groups: Sequence[Group]) -> Account:
    """What these rows say."""
    outcomes: dict[str, dict[str, int]] = {}
    for one in groups:
        of_it = outcomes.setdefault(one.connector, {})
        of_it[one.state] = of_it.get(one.state, 0) + one.count
    told = {
        "items": sorted((_item(one) for one in groups), key=str),
        "tasks": sorted((_task(one) for one in all_tasks), key=str),
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), default=str)
    return Account(sha256(text.encode()).hexdigest(), outcomes)


def account_in(event: str, details: str) -> Account | None:
    """What an entry of the evidence tells of it, if it does: one of an earlier release does not."""
    told = json.loads(details) if event in {CLOSED, CHANGED} else {}
    return Account(told["facts"], told.get("outcomes", {})) if "facts" in told else None


async def newest(db: Connection, request_id: str) -> Account | None:
    """What the evidence says of a request; None where nothing, or an earlier release closed it."""
    found = (await db.execute(_NEWEST, {"request_id": request_id})).first()
    return account_in(*found) if found else None


async def page(db: Connection, after: str, now: Any, limit: int) -> Sequence[Row]:
    """Requests in the order of their ids."""
    rows = await db.execute(_PAGE, {"after": after, "limit": limit})
    return [
        Row(own, state == "closed", wake is not None and wake <= now) for own, state, wake in rows
    ]


async def accounts(db: Connection, ids: Sequence[str]) -> Mapping[str, Account]:
    """What the rows of several requests say, by request."""
    all_tasks = await tasks.of_requests(db, ids)
    groups = await groups_of(db, ids)
    return {one: account(all_tasks.get(one, ()), groups.get(one, ())) for one in ids}


async def groups_of(db: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Group]]:
    """The items of several requests, counted by everything that a report says of them, by request."""
    found: dict[str, list[Group]] = {}
    for own, *row in await db.execute(_GROUPS, {"ids": ids}):
        found.setdefault(own, []).append(Group(**dict(zip(_NAMES, row, strict=True))))
    return found


async def entries(db: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Event and details of all that the evidence tells of several requests, in order, by request."""
    found: dict[str, list[tuple[str, str]]] = {}
    for own, event, details in await db.execute(_ENTRIES, {"ids": ids}):
        found.setdefault(own, []).append((event, details))
    return found


async def without_row(db: Connection, limit: int) -> Sequence[str]:
    """Requests that the evidence tells of, and that are not there."""
    return list((await db.execute(_WITHOUT_ROW, {"limit": limit})).scalars())


def _item(one: Group) -> list[Any]:
    return [
        one.connector, one.category, one.product, one.state, one.code, one.reason, one.ground,
        one.until, one.effective_from, one.erasure, one.count,
    ]  # fmt: skip


def _task(one: Task) -> list[Any]:
    """Of its troubles only what a report says: others come and go while it is looked again."""
    is_said = one.stage is Stage.STUCK or one.is_answered
    return [
        one.connector, one.stage, *((one.code, one.reason) if is_said else ()), one.quarantined,
        one.tally, unseen.to_json(one.unseen), earlier.to_json(one.left_earlier),
    ]  # fmt: skip


_NEWEST = (
    sa.select(evidence.c.event, evidence.c.details)
    .where(
        evidence.c.request_id == sa.bindparam("request_id"),
        evidence.c.event.in_([CLOSED, CHANGED]),
    )
    .order_by(evidence.c.sequence.desc())
    .limit(1)
)
_PAGE = (
    sa.select(request.c.id, request.c.state, request.c.wake_at)
    .where(request.c.id > sa.bindparam("after"))
    .order_by(request.c.id)
    .limit(sa.bindparam("limit"))
)
_NAMES = (*(column.name for column in ALIKE), "count")
_GROUPS = (
    sa.select(item.c.request_id, *ALIKE, COUNT)
    .where(item.c.request_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(item.c.request_id, *ALIKE)
    .execution_options(**{HEAVY: True})
)
_ENTRIES = (
    sa.select(evidence.c.request_id, evidence.c.event, evidence.c.details)
    .where(evidence.c.request_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(evidence.c.sequence)
    .execution_options(**{HEAVY: True})
)
_WITHOUT_ROW = (
    sa.select(evidence.c.request_id)
    .where(
        evidence.c.event == "request.received",
        ~sa.exists().where(request.c.id == evidence.c.request_id),
    )
    .limit(sa.bindparam("limit"))
    .execution_options(**{HEAVY: True})
)
