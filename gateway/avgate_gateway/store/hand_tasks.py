"""What people must do by hand, and their word that they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.schema import hand_task


@dataclass(frozen=True, slots=True)
class Kept:
    """That something stays by a person's word: on which ground, and its last day."""

    ground: str
    until: date


@dataclass(frozen=True, slots=True)
class HandTask:
    """Work at one upstream that no interface offers, or that got stuck."""

    id: str
    controller: str
    request_id: str
    connector: str
    category: str | None
    product: str | None
    count: int
    code: str
    reason: str
    due: date
    made_at: datetime
    completed_at: datetime | None = None
    completed_by: str | None = None
    kept_ground: str | None = None
    kept_until: date | None = None

    @property
    def kept(self) -> Kept | None:
        """What its completion said has to stay, where it was not done."""
        if self.kept_ground is None or self.kept_until is None:
            return None
        return Kept(self.kept_ground, self.kept_until)


async def add(db: Connection, made: HandTask) -> bool:
    """Records a task once: the same made again after a restart is the same row; whether it is new."""
    known = await db.execute(sa.select(hand_task.c.id).where(hand_task.c.id == made.id))
    if known.first() is None:
        values = {name: getattr(made, name) for name in HandTask.__slots__}
        await db.execute(hand_task.insert().values(**values))
        return True
    return False


async def find(db: Connection, task_id: str, controller: str) -> HandTask | None:
    query = hand_task.select().where(
        hand_task.c.id == task_id, hand_task.c.controller == controller
    )
    row = (await db.execute(query)).mappings().first()
    return HandTask(**row) if row else None


async def of_request(db: Connection, request_id: str) -> Sequence[HandTask]:
    rows = (await db.execute(_OF_REQUEST, {"request_id": request_id})).mappings()
    return [HandTask(**row) for row in rows]


_OF_REQUEST = (
    hand_task.select()
    .where(hand_task.c.request_id == sa.bindparam("request_id"))
    .order_by(hand_task.c.made_at, hand_task.c.id)
)


async def listed(
    db: Connection,
    controller: str,
    *,
    is_open: bool | None,
    after: tuple[datetime, str] | None,
    limit: int,
    newest_first: bool = False,
) -> Sequence[HandTask]:
    """One page, oldest first unless the newest is wanted first."""
    query = hand_task.select().where(hand_task.c.controller == controller)
    if is_open is not None:
        done = hand_task.c.completed_at
        query = query.where(done.is_(None) if is_open else done.isnot(None))
    if after is not None:
        place = sa.tuple_(hand_task.c.made_at, hand_task.c.id)
        ended = sa.tuple_(sa.literal(after[0], hand_task.c.made_at.type), sa.literal(after[1]))
        query = query.where(place < ended if newest_first else place > ended)
    order = [hand_task.c.made_at, hand_task.c.id]
    ordered = query.order_by(*((one.desc() for one in order) if newest_first else order))
    return [HandTask(**row) for row in (await db.execute(ordered.limit(limit))).mappings()]


async def open_count(db: Connection, controller: str) -> int:
    """How many a controller's people have yet to do, of which MOST are counted."""
    return int((await db.execute(_OPEN_COUNT, {"controller": controller})).scalar_one())


_OPEN_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(hand_task.c.controller)
    .where(hand_task.c.controller == sa.bindparam("controller"), hand_task.c.completed_at.is_(None))
    .limit(MOST)
    .subquery()
)


async def is_any_done(db: Connection, request_id: str, *, but: str) -> bool:
    """Whether somebody said of any task that it is done, `but` of those with this code."""
    return (await db.execute(_ANY_DONE, {"request_id": request_id, "but": but})).first() is not None


_ANY_DONE = (
    sa.select(hand_task.c.id)
    .where(
        hand_task.c.request_id == sa.bindparam("request_id"),
        hand_task.c.completed_at.isnot(None),
        hand_task.c.code != sa.bindparam("but"),
    )
    .limit(1)
)


async def complete(
    db: Connection, task_id: str, by: str, now: datetime, kept: Kept | None = None
) -> None:
    done = hand_task.update().where(hand_task.c.id == task_id)
    stays = {"kept_ground": kept.ground, "kept_until": kept.until} if kept else {}
    await db.execute(done.values(completed_at=now, completed_by=by, **stays))


async def kept_otherwise(db: Connection, task: HandTask, before: Kept, kept: Kept) -> None:
    """Says of all of a task's kind that were said to keep in one way that they keep in another."""
    same = (
        hand_task.c.request_id == task.request_id,
        hand_task.c.connector == task.connector,
        hand_task.c.category == task.category,
        hand_task.c.product == task.product,
        hand_task.c.kept_ground == before.ground,
        hand_task.c.kept_until == before.until,
    )
    stays = {"kept_ground": kept.ground, "kept_until": kept.until}
    await db.execute(hand_task.update().where(*same).values(stays))


async def withdraw(db: Connection, request_id: str, connector: str) -> None:
    """Drops what is open of a connector that is being tried again; what is left is made anew."""
    await db.execute(_open(request_id).where(hand_task.c.connector == connector))


async def withdraw_all(db: Connection, request_id: str) -> None:
    """Drops what is open of a request that is not carried out."""
    await db.execute(_open(request_id))


def _open(request_id: str) -> sa.Delete:
    return hand_task.delete().where(
        hand_task.c.request_id == request_id, hand_task.c.completed_at.is_(None)
    )
