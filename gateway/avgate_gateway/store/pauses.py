"""Which systems are paused, for whom, by whom and why: rows, so that a restart forgets none.

What was paused before stays as a row that has ended: who reads of it in the evidence finds the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import metadata, request, task

LONGEST_REASON = 500
_FEW = 500  # requests that are woken in one transaction
pause = sa.Table(
    "pause",
    metadata,
    sa.Column("controller", sa.String(40), primary_key=True),
    sa.Column("connector", sa.String(40), primary_key=True),
    sa.Column("since", Moment, primary_key=True),
    sa.Column("paused_by", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(200)),
)
LASTS = pause.c.ended_at.is_(None)
sa.Index(  # one at a time, whoever pauses it at the same moment
    "uq_pause_lasting", pause.c.controller, pause.c.connector,
    unique=True, sqlite_where=LASTS, postgresql_where=LASTS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pause:
    """One controller's system at which no work is begun; `ended_at` is None while it lasts."""

    controller: str
    connector: str
    since: datetime
    paused_by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None


async def lasting(db: Connection) -> Sequence[Pause]:
    """What is paused now, of every controller."""
    return [Pause(*row) for row in await db.execute(_LASTING)]


async def ended(db: Connection, since: datetime) -> Sequence[tuple[str, str]]:
    """What was paused until some moment since then, each by controller and connector."""
    query = sa.select(pause.c.controller, pause.c.connector).where(pause.c.ended_at >= since)
    return [(controller, connector) for controller, connector in await db.execute(query)]


async def of(db: Connection, controller: str, connector: str) -> Pause | None:
    """The pause of a system, if it is paused."""
    query = _ALL.where(pause.c.controller == controller, pause.c.connector == connector, LASTS)
    row = (await db.execute(query)).first()
    return Pause(*row) if row else None


async def past(db: Connection, controller: str, limit: int) -> Sequence[Pause]:
    """A controller's pauses, the newest first, those that have ended included."""
    query = _ALL.where(pause.c.controller == controller).order_by(pause.c.since.desc())
    return [Pause(*row) for row in await db.execute(query.limit(limit))]


async def begin(db: Connection, made: Pause) -> None:
    await db.execute(pause.insert(), {own.name: getattr(made, own.name) for own in fields(Pause)})


async def end(db: Connection, ended: Pause, by: str, now: datetime) -> None:
    here = (pause.c.controller == ended.controller, pause.c.connector == ended.connector, LASTS)
    await db.execute(pause.update().where(*here).values(ended_at=now, ended_by=by))


async def wake_some(
    db: Connection, controller: str, connector: str, now: datetime, within: timedelta
) -> bool:
    """Has some of what waited there looked at now; False once none is left that would wait longer.

    `within` is the longest that anything paused sleeps.
    """
    asked: dict[str, Any] = {
        "of": controller, "at": connector, "now": now, "then": now + within, "some": _FEW,
    }  # fmt: skip
    found = (await db.execute(_WAITING, asked)).scalars().all()
    if found:
        await db.execute(_WAKE, {"ids": list(found), "now": now})
    return len(found) == _FEW


_ALL = sa.select(*(pause.c[own.name] for own in fields(Pause)))
_LASTING = _ALL.where(LASTS)
_WAITING = (
    sa.select(request.c.id)
    .where(
        request.c.controller == sa.bindparam("of"),
        request.c.wake_at > sa.bindparam("now"),
        request.c.wake_at <= sa.bindparam("then"),
        sa.exists().where(
            task.c.request_id == request.c.id,
            task.c.connector == sa.bindparam("at"),
            task.c.stage.notin_(["located", "stuck"]),
        ),
    )
    .order_by(request.c.wake_at)
    .limit(sa.bindparam("some"))
)
_WAKE = (
    request.update()
    .where(request.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(wake_at=sa.bindparam("now"), version=request.c.version + 1)
)
