"""Deliveries taken together: sent again by the thousand, and given up where nobody is left to send to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.deliveries import SET_GOING, DeliveryState, Place
from avgate_gateway.store.delivery_schema import NOT_THERE, WAITS, delivery, endpoint

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Resent:
    """How many were set going, and after which one it goes on; None where that were all."""

    count: int
    after: tuple[datetime, str] | None


async def resend(
    db: Connection, place: Place, after: tuple[datetime, str], now: datetime
) -> Resent:
    """Sends some of what failed again, the oldest first: what was written at that moment or later.

    It goes on behind the last: what fails at once again is not set going for ever.
    """
    here = {"the_controller": place[0], "the_endpoint": place[1]}
    asked = {**here, "after_at": after[0], "after_id": after[1]}
    found = (await db.execute(_FAILED, asked)).all()
    if not found:
        return Resent(0, None)
    ids = {"ids": [row.id for row in found], "now": now}
    done = int((await db.execute(_RESEND, ids)).rowcount)
    last = found[-1]
    return Resent(done, (last.made_at, last.id) if len(found) == _AT_ONCE else None)


async def controllers(db: Connection) -> Sequence[str]:
    """Of whom there are deliveries: an index's step for each."""
    found: list[str] = []
    while row := (await db.execute(_NEXT, {"after": found[-1] if found else ""})).first():
        found.append(row.controller)
    return found


async def give_up(db: Connection, place: Place, since: datetime) -> int:
    """Fails some of what has waited since a moment for an endpoint that is no more: until there are none.

    What somebody is sending is due when their claim ends.
    """
    here = {"the_controller": place[0], "the_endpoint": place[1], "since": since}
    return int((await db.execute(_GIVE_UP, here)).rowcount)


async def forget_endpoints(db: Connection, known: Collection[Place]) -> None:
    """Drops how it went with endpoints that are no more, once nothing is listed for them either."""
    rows = (await db.execute(sa.select(endpoint.c.controller, endpoint.c.name))).all()
    for controller, name in rows:
        here = {"the_controller": controller, "the_endpoint": name}
        if (controller, name) in known or (await db.execute(_ANY, here)).first() is not None:
            continue
        gone = sa.and_(endpoint.c.controller == controller, endpoint.c.name == name)
        await db.execute(endpoint.delete().where(gone))


_HERE = sa.and_(
    delivery.c.controller == sa.bindparam("the_controller"),
    delivery.c.endpoint == sa.bindparam("the_endpoint"),
)
_HAS_FAILED = delivery.c.state == DeliveryState.FAILED.value
_FAILED = (
    sa.select(delivery.c.id, delivery.c.made_at)
    .where(
        _HERE,
        NOT_THERE,
        _HAS_FAILED,
        sa.tuple_(delivery.c.made_at, delivery.c.id)
        > sa.tuple_(
            sa.bindparam("after_at", type_=delivery.c.made_at.type),
            sa.bindparam("after_id", type_=delivery.c.id.type),
        ),
    )
    .order_by(delivery.c.made_at, delivery.c.id)
    .limit(_AT_ONCE)
)
_RESEND = (
    delivery.update()
    .where(delivery.c.id.in_(sa.bindparam("ids", expanding=True)), _HAS_FAILED)
    .values(**SET_GOING)
)
_WAITING = (
    sa.select(delivery.c.id)
    .where(_HERE, WAITS, delivery.c.next_at <= sa.bindparam("since"))
    .limit(_AT_ONCE)
)
_GIVE_UP = (
    delivery.update()
    .where(delivery.c.id.in_(_WAITING))
    .values(state=DeliveryState.FAILED.value, next_at=None, claim=None)
)
_NEXT = (
    sa.select(delivery.c.controller)
    .where(delivery.c.controller > sa.bindparam("after"))
    .order_by(delivery.c.controller)
    .limit(1)
)
_ANY = sa.select(delivery.c.id).where(_HERE).limit(1)
