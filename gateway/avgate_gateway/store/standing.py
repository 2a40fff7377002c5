"""How each system stands: what it has to do for open requests, and how it fared with the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.schema import OPEN, request, task
from avgate_gateway.store.tasks import HAS_WORK, Stage

_NEWEST = 200  # tasks of a system that are looked at for its last success and failure


@dataclass(frozen=True, slots=True)
class Queue:
    """What a system has to do for open requests, of which the newest MOST are counted."""

    under_way: int = 0
    waiting: int = 0  # for a later try
    stuck: int = 0
    late: int = 0  # of the above, for a person who should have been answered by now


@dataclass(frozen=True, slots=True)
class Fared:
    """When a part of one of the newest requests ended well, or failed, for the last time."""

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None


async def queues(
    db: Connection, controller: str, now: datetime, today: date
) -> Mapping[str, Queue]:
    """By connector; those without anything to do are left out."""
    asked = {"controller": controller, "now": now, "today": today}
    found = await db.execute(_QUEUES, asked)
    return {name: Queue(*(int(n or 0) for n in counts)) for name, *counts in found}


async def fared(db: Connection, controller: str, connector: str) -> Fared:
    rows = await db.execute(_FARED, {"controller": controller, "connector": connector})
    well, badly = [], []
    for stage, code, attempts, at in rows:
        if stage == Stage.STUCK.value or attempts:
            badly.append(at)
        elif stage == Stage.DONE.value and code is None:
            well.append(at)
    return Fared(max(well, default=None), max(badly, default=None))


_OPEN = (
    sa.select(request.c.id, request.c.promised)
    .where(
        request.c.controller == sa.bindparam("controller"),
        OPEN,
        request.c.identity_at.isnot(None),  # nothing is asked of any system before
    )
    .order_by(request.c.state.desc(), request.c.received_at.desc())  # as their index has them
    .limit(MOST)
    .subquery()
)
_IS_STUCK = task.c.stage == Stage.STUCK.value
_IS_ACTIVE = task.c.stage.in_([stage.value for stage in Stage if stage.is_active])


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


_QUEUES = (
    sa.select(
        task.c.connector,
        _count(HAS_WORK),
        _count(sa.and_(_IS_ACTIVE, task.c.next_attempt_at > sa.bindparam("now"))),
        _count(_IS_STUCK),
        _count(
            sa.and_(
                sa.or_(_IS_ACTIVE, _IS_STUCK),
                _OPEN.c.promised < sa.bindparam("today", type_=sa.Date),
            )
        ),
    )
    .join(_OPEN, _OPEN.c.id == task.c.request_id)
    .group_by(task.c.connector)
    .execution_options(**{HEAVY: True})
)
_FARED = (
    sa.select(task.c.stage, task.c.code, task.c.attempts, task.c.updated_at)
    .where(
        task.c.controller == sa.bindparam("controller"),
        task.c.connector == sa.bindparam("connector"),
    )
    .order_by(task.c.received_at.desc(), task.c.request_id.desc())
    .limit(_NEWEST)
    .execution_options(**{HEAVY: True})
)
