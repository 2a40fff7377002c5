"""Whether anything was begun for a request that cannot be taken back."""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.schema import item

_UNBEGUN = (
    ItemState.LOCATED,
    ItemState.APPROVED,
    ItemState.RETAINED,
    ItemState.BY_HAND,
    ItemState.ALREADY_RIGHT,
)
_BEGUN = (
    sa.select(item.c.id)
    .where(
        item.c.request_id == sa.bindparam("request_id"),
        item.c.state.notin_([state.value for state in _UNBEGUN]),
    )
    .limit(1)
)


async def is_begun(db: Connection, request_id: str) -> bool:
    """Whether an upstream was, or may have been, asked to change anything."""
    return (await db.execute(_BEGUN, {"request_id": request_id})).first() is not None
