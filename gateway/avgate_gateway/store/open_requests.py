"""How the requests that are open stand, counted for whoever watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.schema import OPEN, request


@dataclass(frozen=True, slots=True)
class Group:
    """Those that wait for the same, or for nobody: then `waiting_for` is None."""

    waiting_for: str | None
    count: int
    oldest: datetime  # when the first of them was received
    late: int
    due_soon: int


async def groups(db: Connection, controller: str, today: date, soon: date) -> Sequence[Group]:
    """A controller's open requests by what they wait for, of which MOST are counted.

    Late is what was promised for a day before `today`; due soon what is to be ready by `soon`.
    """
    asked = {"controller": controller, "today": today, "soon": soon}
    return [Group(*row) for row in await db.execute(_GROUPS, asked)]


async def next_wake(db: Connection, controller: str, now: datetime) -> datetime | None:
    """When the next of a controller's requests has something to do."""
    found: datetime | None = (
        await db.execute(_NEXT_WAKE, {"controller": controller, "now": now})
    ).scalar_one()
    return found


_OPEN = (
    sa.select(request.c.waiting_for, request.c.received_at, request.c.promised)
    .where(request.c.controller == sa.bindparam("controller"), OPEN)
    .order_by(request.c.state, request.c.received_at)  # leads by the index of those alone
    .limit(MOST)
    .subquery()
)
_IS_LATE = _OPEN.c.promised < sa.bindparam("today", type_=sa.Date)
_GROUPS = sa.select(
    _OPEN.c.waiting_for,
    sa.func.count(),
    sa.func.min(_OPEN.c.received_at),
    sa.func.sum(sa.case((_IS_LATE, 1), else_=0)),
    sa.func.sum(
        sa.case(
            (sa.and_(~_IS_LATE, _OPEN.c.promised <= sa.bindparam("soon", type_=sa.Date)), 1),
            else_=0,
        )
    ),
).group_by(_OPEN.c.waiting_for)
_NEXT_WAKE = sa.select(sa.func.min(request.c.wake_at)).where(
    request.c.controller == sa.bindparam("controller"), request.c.wake_at > sa.bindparam("now")
)
