"""Who may write for a request: while a worker advances it, that worker alone, and under its fence.

On PostgreSQL every transaction about a request first locks its row: two of them are one after the
other, as all are on SQLite. The fence counts up at every claim, so a worker that was taken for dead,
and wakes up, cannot write any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from avgate_gateway.store.cut_short import SupersededError
from avgate_gateway.store.schema import request, worker

if TYPE_CHECKING:  # it brings SQLAlchemy's ORM along, which no other part of the gateway loads
    from sqlalchemy.ext.asyncio import AsyncConnection

LEASE_SECONDS = 8.0
# The server's own clock: workers need not agree on the time. It goes on within a transaction.
_NOW: sa.ColumnElement[int] = sa.literal_column(
    "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
)


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Holding:
    """A claim on a request: by which registration of a worker, under which fence.

    `lives` says by this machine's own clock whether the lease still runs, which no other can tell.
    """

    request_id: str
    worker: str
    fence: int
    lives: Callable[[], bool] = field(default=_always, compare=False)


HELD: ContextVar[Holding | None] = ContextVar("held", default=None)
"""What is being advanced here; the tasks that it begins inherit it."""


def insist() -> None:
    """Raises SupersededError where the lease has lapsed: others may be at it by now.

    No fence stops what is done elsewhere, so whoever is about to do it, and may just have been
    frozen, asks first.
    """
    held = HELD.get()
    if held is not None and not held.lives():
        raise SupersededError


async def secure(db: AsyncConnection, request_id: str | None) -> None:
    """Locks the request that is written for; raises SupersededError where it is held no more."""
    held = HELD.get()
    if held is not None:
        asked = {"which": held.request_id, "holder": held.worker, "under": held.fence}
        if (await db.execute(_STILL_HELD, asked)).first() is None:
            raise SupersededError
    elif request_id is not None:
        await db.execute(_LOCK, {"which": request_id})


async def claim(
    db: AsyncConnection, request_id: str, worker_id: str, now: datetime
) -> Holding | None:
    """Takes a request that is due, that nobody living holds and nobody writes for; None where that is not so."""
    asked = {"which": request_id, "me": worker_id, "now": now}
    fence = (await db.execute(_CLAIM, asked)).scalar_one_or_none()
    return None if fence is None else Holding(request_id, worker_id, fence)


async def release(db: AsyncConnection, held: Holding) -> None:
    """Lets go of it; changes nothing where somebody took it over."""
    asked = {"which": held.request_id, "holder": held.worker, "under": held.fence}
    await db.execute(_RELEASE, asked)


async def living(db: AsyncConnection) -> Sequence[str]:
    """The registrations whose lease runs."""
    return list((await db.execute(sa.select(worker.c.id).where(_LIVES))).scalars())


async def bury(db: AsyncConnection) -> None:
    """Drops registrations that lapsed an hour ago."""
    await db.execute(worker.delete().where(worker.c.beat_at < _NOW - 3_600_000_000))


_LIVES = worker.c.beat_at > _NOW - int(LEASE_SECONDS * 1_000_000)
_ID = request.c.id == sa.bindparam("which")
_AS_CLAIMED = sa.and_(
    _ID,
    request.c.held_by == sa.bindparam("holder"),
    request.c.fence == sa.bindparam("under"),
)
_STILL_HELD = sa.select(request.c.fence).where(_AS_CLAIMED).with_for_update(key_share=True)
_LOCK = sa.select(request.c.id).where(_ID).with_for_update(key_share=True)
_RELEASE = request.update().where(_AS_CLAIMED).values(held_by=None)
_IS_MINE = request.c.held_by == sa.bindparam("me")
_HOLDER_LIVES = sa.exists().where(worker.c.id == request.c.held_by, _LIVES)
_I_LIVE = sa.exists().where(worker.c.id == sa.bindparam("me"), _LIVES)
# Where somebody writes for it, or has its row locked by hand, it is tried again a second later: claims
# that wait for one row would keep those for all others waiting.
_FREE = (
    sa.select(request.c.id)
    .where(
        _ID,
        request.c.wake_at <= sa.bindparam("now"),
        sa.or_(request.c.held_by.is_(None), _IS_MINE, ~_HOLDER_LIVES),
        _I_LIVE,
    )
    .with_for_update(key_share=True, skip_locked=True)
)
_CLAIM = (
    request.update()
    .where(request.c.id == _FREE.scalar_subquery())
    .values(held_by=sa.bindparam("me"), fence=request.c.fence + 1)
    .returning(request.c.fence)
)
