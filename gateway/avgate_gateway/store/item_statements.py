"""Statements about items that are made once for each form in which they are asked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.item import VERIFIED, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.store.written_out import one_of, word

OF_REQUEST = item.c.request_id == sa.bindparam("request_id")
THERE = sa.and_(OF_REQUEST, item.c.connector == sa.bindparam("connector"))
IS_LOCATED = item.c.state == word(ItemState.LOCATED)

IS_UNVERIFIED = sa.or_(
    item.c.batch.is_(None), item.c.batch != sa.literal_column(f"'{VERIFIED}'", sa.String)
)
ANY_LOCATED = sa.select(item.c.id).where(THERE, IS_LOCATED).limit(1)
FORGET = item.delete().where(THERE, IS_LOCATED)
UNPLANNED = (
    sa.select(item.c.connector).where(OF_REQUEST, IS_LOCATED, item.c.action.is_(None)).distinct()
)
NEXT_CONFIRMATION = sa.select(sa.func.min(item.c.look_at)).where(
    THERE, item.c.state == word(ItemState.PENDING)
)

LOST_BATCH = (
    sa.select(item.c.batch)
    .where(THERE, item.c.state == word(ItemState.UNKNOWN), item.c.looks < sa.bindparam("looks"))
    .order_by(item.c.looks, item.c.id)
    .limit(1)
)


@lru_cache(maxsize=128)
def selecting(
    states: tuple[ItemState, ...],
    *,
    is_of_one: bool,
    is_of_some: bool,
    is_of_a_batch: bool,
    is_unverified: bool = False,
) -> sa.Select[Any]:
    """A page of a request's items: of a `connector`, of `connectors`, of a `batch`, or not verified yet."""
    where = [OF_REQUEST, item.c.id > sa.bindparam("after")]
    if is_of_one:
        where.append(item.c.connector == sa.bindparam("connector"))
    if is_of_some:
        where.append(item.c.connector.in_(sa.bindparam("connectors", expanding=True)))
    if states:
        where.append(one_of(item.c.state, states))
    if is_of_a_batch:
        where.append(item.c.batch == sa.bindparam("batch"))
    if is_unverified:
        where.append(IS_UNVERIFIED)
    return item.select().where(*where).order_by(item.c.id).limit(sa.bindparam("limit"))


@lru_cache(maxsize=128)
def holding(states: tuple[ItemState, ...]) -> sa.Select[Any]:
    """In which of these states a connector's items are."""
    return sa.select(item.c.state).where(THERE, one_of(item.c.state, states)).distinct()


@lru_cache(maxsize=128)
def changing(names: tuple[str, ...]) -> sa.Update:
    """Writes `new_` values to the one item that is `which`."""
    return (
        item.update()
        .where(item.c.id == sa.bindparam("which"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )
