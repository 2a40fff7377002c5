"""Deliveries to others: who sends which now, and what became of each attempt.

A claim is a row's `claim` until its `next_at`: whoever dies or freezes with it, another sends it
again after that, under the same id. So it is sent at least once, and rarely twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import RowMapping

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.delivery_schema import NOT_THERE, WAITS, attempt, delivery

LEASE = timedelta(seconds=60)  # several times as long as one attempt may take


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"  # for its turn, or for its next attempt
    DELIVERED = "delivered"
    FAILED = "failed"  # given up; it can be replayed
    HELD = "held"  # its endpoint is disabled; it goes on when that is enabled


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: str
    controller: str
    kind: str
    endpoint: str
    request_id: str | None
    event: str
    body: str
    made_at: datetime
    state: DeliveryState
    next_at: datetime | None
    claim: str | None
    attempts: int
    tries: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one attempt; no status where there was no answer."""

    delivery_id: str
    number: int
    at: datetime
    status: int | None
    word: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are listed, newest first; `after` is where the page before ended."""

    controller: str
    state: str | None
    endpoint: str | None
    request_id: str | None
    after: tuple[datetime, str] | None
    limit: int


Place = tuple[str, str]  # a controller, and the name of an endpoint


async def waiting(db: Connection) -> Mapping[Place, datetime]:
    """The endpoints for which something waits, and since or until when: an index's step for each."""
    found: dict[Place, datetime] = {}
    place: Place = ("", "")
    while row := (await db.execute(_NEXT, {"after_c": place[0], "after_e": place[1]})).first():
        place = (row.controller, row.endpoint)
        found[place] = row.next_at
    return found


async def claim(db: Connection, place: Place, now: datetime, most: int) -> Sequence[Delivery]:
    """Takes deliveries that are due at an endpoint, the longest waiting first, and counts a try."""
    controller, endpoint = place
    asked = {"the_controller": controller, "the_endpoint": endpoint, "now": now, "most": most}
    ids = list((await db.execute(_DUE, asked)).scalars())
    if not ids:
        return []
    taken = {"ids": ids, "the_claim": str(uuid4()), "until": now + LEASE}
    rows = (await db.execute(_CLAIM, taken)).mappings()
    return sorted((_delivery(row) for row in rows), key=lambda one: (one.made_at, one.id))


async def finish(
    db: Connection, one: Delivery, said: Attempt, state: DeliveryState, next_at: datetime | None
) -> bool:
    """Writes what became of an attempt; whether the delivery was still ours to write."""
    values = {name: getattr(said, name) for name in Attempt.__slots__}
    await db.execute(attempt.insert().values(**values))
    here = {"the_id": one.id, "the_claim": one.claim, "then": state.value, "at": next_at}
    return bool((await db.execute(_FINISH, here)).rowcount)


async def hold(db: Connection, place: Place, now: datetime) -> None:
    """Keeps some of what waits for a disabled endpoint; what is on its way its sender writes."""
    await db.execute(_HOLD, {"the_controller": place[0], "the_endpoint": place[1], "now": now})


async def let_go(db: Connection, place: Place, now: datetime) -> int:
    """Sends some of what was held, from the first try on; how many: call it until there are none."""
    here = {"the_controller": place[0], "the_endpoint": place[1], "now": now}
    return int((await db.execute(_LET_GO, here)).rowcount)


async def replay(db: Connection, delivery_id: str, now: datetime) -> bool:
    """Sends one again from the first try on; False while it is on its way."""
    return bool((await db.execute(_REPLAY, {"the_id": delivery_id, "now": now})).rowcount)


async def find(db: Connection, delivery_id: str, controller: str) -> Delivery | None:
    here = sa.and_(delivery.c.id == delivery_id, delivery.c.controller == controller)
    row = (await db.execute(delivery.select().where(here))).mappings().first()
    return _delivery(row) if row else None


async def listed(db: Connection, wanted: Wanted) -> Sequence[Delivery]:
    """One page, newest first."""
    query = delivery.select().where(delivery.c.controller == wanted.controller)
    if wanted.state is not None:
        query = query.where(delivery.c.state == wanted.state)
        if wanted.state != DeliveryState.DELIVERED:
            query = query.where(NOT_THERE)  # by the index of those
    if wanted.endpoint is not None:
        query = query.where(delivery.c.endpoint == wanted.endpoint)
    if wanted.request_id is not None:
        query = query.where(delivery.c.request_id == wanted.request_id)
    if wanted.after is not None:
        place = sa.tuple_(delivery.c.made_at, delivery.c.id)
        at = sa.literal(wanted.after[0], delivery.c.made_at.type)
        query = query.where(place < sa.tuple_(at, wanted.after[1]))
    ordered = query.order_by(delivery.c.made_at.desc(), delivery.c.id.desc()).limit(wanted.limit)
    return [_delivery(row) for row in (await db.execute(ordered)).mappings()]


async def attempts(db: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
    """What became of each attempt, by delivery, in their order."""
    query = sa.select(*(attempt.c[name] for name in Attempt.__slots__))
    query = query.where(attempt.c.delivery_id.in_(ids))
    found: dict[str, list[Attempt]] = {}
    for row in await db.execute(query.order_by(attempt.c.delivery_id, attempt.c.number)):
        found.setdefault(row.delivery_id, []).append(Attempt(*row))
    return found


async def counted(db: Connection, controller: str) -> Mapping[str, int]:
    """How many are not there, by state; of each, MOST are counted."""
    states = (DeliveryState.WAITING, DeliveryState.FAILED, DeliveryState.HELD)
    found = {}
    for state in states:
        asked = {"the_controller": controller, "the_state": state.value}
        found[state.value] = int((await db.execute(_COUNT, asked)).scalar_one())
    return found


async def oldest(db: Connection, controller: str) -> datetime | None:
    """When the oldest of those that wait was written."""
    asked = {"the_controller": controller, "the_state": DeliveryState.WAITING.value}
    found: datetime | None = (await db.execute(_OLDEST, asked)).scalar()
    return found


async def expire(db: Connection, controller: str, delivered: datetime, others: datetime) -> int:
    """Drops some of what was delivered before the one moment, and of what was not before the other.

    How many: call it until there are none.
    """
    old = sa.and_(
        delivery.c.controller == controller,
        sa.or_(sa.and_(delivery.c.made_at < delivered, ~NOT_THERE), delivery.c.made_at < others),
        delivery.c.state != DeliveryState.WAITING.value,
        delivery.c.made_at < delivered,
    )
    gone = sa.select(delivery.c.id).where(old).order_by(delivery.c.made_at).limit(_AT_ONCE)
    ids = list((await db.execute(gone)).scalars())
    if ids:
        await db.execute(attempt.delete().where(attempt.c.delivery_id.in_(ids)))
        await db.execute(delivery.delete().where(delivery.c.id.in_(ids)))
    return len(ids)


_AT_ONCE = 500
_NEXT = (
    sa.select(delivery.c.controller, delivery.c.endpoint, delivery.c.next_at)
    .where(
        WAITS,
        sa.tuple_(delivery.c.controller, delivery.c.endpoint)
        > sa.tuple_(
            sa.bindparam("after_c", type_=sa.String), sa.bindparam("after_e", type_=sa.String)
        ),
    )
    .order_by(delivery.c.controller, delivery.c.endpoint, delivery.c.next_at)
    .limit(1)
)
_THERE = sa.and_(
    WAITS,
    delivery.c.controller == sa.bindparam("the_controller"),
    delivery.c.endpoint == sa.bindparam("the_endpoint"),
)
_DUE = (
    sa.select(delivery.c.id)
    .where(_THERE, delivery.c.next_at <= sa.bindparam("now"))
    .order_by(delivery.c.next_at)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)  # on PostgreSQL; on SQLite writers take turns
)
_CLAIM = (
    delivery.update()
    .where(delivery.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        claim=sa.bindparam("the_claim"),
        next_at=sa.bindparam("until"),
        attempts=delivery.c.attempts + 1,
        tries=delivery.c.tries + 1,
    )
    .returning(*delivery.c)
)
_FINISH = (
    delivery.update()
    .where(delivery.c.id == sa.bindparam("the_id"), delivery.c.claim == sa.bindparam("the_claim"))
    .values(state=sa.bindparam("then"), next_at=sa.bindparam("at"), claim=None)
)
_IS_FREE = sa.or_(delivery.c.claim.is_(None), delivery.c.next_at <= sa.bindparam("now"))
_HOLD = (
    delivery.update()
    .where(delivery.c.id.in_(sa.select(delivery.c.id).where(_THERE, _IS_FREE).limit(_AT_ONCE)))
    .values(state=DeliveryState.HELD.value, next_at=None, claim=None)
)
SET_GOING: Mapping[str, Any] = {
    "state": DeliveryState.WAITING.value,
    "next_at": sa.bindparam("now"),
    "claim": None,
    "tries": 0,
}
_LET_GO = (
    delivery.update()
    .where(
        delivery.c.id.in_(
            sa.select(delivery.c.id)
            .where(
                NOT_THERE,
                delivery.c.controller == sa.bindparam("the_controller"),
                delivery.c.endpoint == sa.bindparam("the_endpoint"),
                delivery.c.state == DeliveryState.HELD.value,
            )
            .limit(_AT_ONCE)
        )
    )
    .values(**SET_GOING)
)
_REPLAY = (
    delivery.update().where(delivery.c.id == sa.bindparam("the_id"), _IS_FREE).values(**SET_GOING)
)
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(delivery.c.id)
    .where(
        delivery.c.controller == sa.bindparam("the_controller"),
        NOT_THERE,
        delivery.c.state == sa.bindparam("the_state"),
    )
    .limit(MOST)
    .subquery()
)
_OLDEST = (
    sa.select(delivery.c.made_at)
    .where(
        delivery.c.controller == sa.bindparam("the_controller"),
        NOT_THERE,
        delivery.c.state == sa.bindparam("the_state"),
    )
    .order_by(delivery.c.made_at)
    .limit(1)
)


def _delivery(row: RowMapping) -> Delivery:
    own = {name: row[name] for name in Delivery.__slots__}
    return Delivery(**{**own, "state": DeliveryState(row["state"])})
