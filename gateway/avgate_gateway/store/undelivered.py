"""How much of what was sent to others did not arrive, for those who look after it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.store.delivery_schema import NOT_THERE, delivery

_LOST = (DeliveryState.FAILED.value, DeliveryState.HELD.value)


async def counted(db: Connection, controller: str, since: datetime) -> int:
    """How many of those made since a moment were given up or are held; MOST are counted."""
    asked = {"the_controller": controller, "since": since}
    return int((await db.execute(_COUNT, asked)).scalar_one())


_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(delivery.c.id)
    .where(
        delivery.c.controller == sa.bindparam("the_controller"),
        NOT_THERE,  # by the index of those
        delivery.c.state.in_(_LOST),
        delivery.c.made_at >= sa.bindparam("since"),
    )
    .limit(MOST)
    .subquery()
)
