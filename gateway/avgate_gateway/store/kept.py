"""What is kept until a day, of all requests: read in stretches of the table, for it has no index of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.items import item_of
from avgate_gateway.store.schema import item, request

_AT_ONCE = 500  # as in `items`


async def last(db: Connection) -> int:
    """The number of the newest item; 0 if there is none."""
    return int((await db.execute(_LAST)).scalar_one() or 0)


async def between(db: Connection, after: int, upto: int) -> Sequence[tuple[str, Item]]:
    """Those among these numbers, each with its controller."""
    found = (await db.execute(_BETWEEN, {"after": after, "upto": upto})).mappings()
    told = [dict(row) for row in found]
    return [(row.pop("of_controller"), item_of(row)) for row in told]


async def look_now(db: Connection, ids: Sequence[int], now: datetime) -> None:
    """Has them looked at now, as far as they are kept still."""
    for start in range(0, len(ids), _AT_ONCE):
        some = item.c.id.in_(ids[start : start + _AT_ONCE])
        await db.execute(item.update().where(some, _IS_KEPT).values(look_at=now))


_IS_KEPT = item.c.state == ItemState.RETAINED.value
_LAST = sa.select(sa.func.max(item.c.id))
_BETWEEN = (
    sa.select(request.c.controller.label("of_controller"), item)
    .join(request, request.c.id == item.c.request_id)
    .where(
        item.c.id > sa.bindparam("after"),
        item.c.id <= sa.bindparam("upto"),
        _IS_KEPT,
        item.c.until.isnot(None),
    )
    .order_by(item.c.id)
    .execution_options(**{HEAVY: True})
)
