"""What was begun for a request that cannot be taken back, and by which plans something was set going."""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import PLAN_BYTES, ItemState
from avgate_gateway.store.item_statements import IS_LOCATED, OF_REQUEST, THERE
from avgate_gateway.store.schema import item

_UNBEGUN = (
    ItemState.LOCATED,
    ItemState.APPROVED,
    ItemState.RETAINED,
    ItemState.BY_HAND,
    ItemState.ALREADY_RIGHT,
)
# What was sent once, and is to be sent again, is approved too; but then it has the name of a batch.
_IS_BEGUN = sa.or_(
    item.c.state.notin_([state.value for state in _UNBEGUN]), item.c.batch.isnot(None)
)
_BEGUN = sa.select(item.c.id).where(OF_REQUEST, _IS_BEGUN).limit(1)
_BEGUN_THERE = sa.select(item.c.id).where(THERE, _IS_BEGUN).limit(1)
_PLANS = (
    sa.select(sa.func.substr(item.c.warrant, 1, PLAN_BYTES, type_=sa.LargeBinary))
    .where(OF_REQUEST, ~IS_LOCATED, item.c.warrant.isnot(None))
    .distinct()
)


async def is_begun(db: Connection, request_id: str, connector: str | None = None) -> bool:
    """Whether an upstream, or this one, was or may have been asked to change anything."""
    if connector is None:
        return (await db.execute(_BEGUN, {"request_id": request_id})).first() is not None
    here = {"request_id": request_id, "connector": connector}
    return (await db.execute(_BEGUN_THERE, here)).first() is not None


async def plans(db: Connection, request_id: str) -> frozenset[str]:
    """Digests of the plans by which something was set going that is not taken back."""
    found = await db.execute(_PLANS, {"request_id": request_id})
    return frozenset(bytes(plan).hex() for plan in found.scalars())
