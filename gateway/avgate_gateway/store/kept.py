"""What is kept until a day, of all requests: read in stretches of the table, for it has no index of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from avgate_contracts.record import ItemRef
from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.item import CATEGORIES, ERASURES, PRODUCTS, ItemState
from avgate_gateway.store.schema import item, request

_AT_ONCE = 500  # as in `items`


class Kept(NamedTuple):
    """As much of a kept item as says by which terms it is kept."""

    id: int
    request_id: str
    controller: str
    connector: str
    item: ItemRef  # without its reference
    until: date
    look_at: datetime | None
    code: str | None


async def last(db: Connection) -> int:
    """The number of the newest item; 0 if there is none."""
    return int((await db.execute(_LAST)).scalar_one() or 0)


async def between(db: Connection, after: int, upto: int) -> Sequence[Kept]:
    """Those among these numbers."""
    found = await db.execute(_BETWEEN, {"after": after, "upto": upto})
    return [_kept(*row) for row in found]


def _kept(
    own: int, request_id: str, controller: str, connector: str, category: str, product: str,
    term_starts: datetime | None, service_runs: bool, erasure: str, until: date,
    look_at: datetime | None, code: str | None,
) -> Kept:  # fmt: skip
    kind, way = (CATEGORIES[category], PRODUCTS[product]), ERASURES[erasure]
    ref = ItemRef("", *kind, term_starts, service_runs, way)
    return Kept(own, request_id, controller, connector, ref, until, look_at, code)


async def look_now(db: Connection, ids: Sequence[int], now: datetime) -> None:
    """Has them looked at now, as far as they are kept still."""
    for start in range(0, len(ids), _AT_ONCE):
        some = item.c.id.in_(ids[start : start + _AT_ONCE])
        await db.execute(item.update().where(some, _IS_KEPT).values(look_at=now))


_IS_KEPT = item.c.state == ItemState.RETAINED.value
_LAST = sa.select(sa.func.max(item.c.id))
_BETWEEN = (
    sa.select(
        item.c.id,
        item.c.request_id,
        request.c.controller,
        item.c.connector,
        item.c.category,
        item.c.product,
        item.c.term_starts,
        item.c.service_runs,
        item.c.erasure,
        item.c.until,
        item.c.look_at,
        item.c.code,
    )
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
