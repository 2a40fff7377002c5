"""Reading and writing items: what was found, what is to become of it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store import item_statements
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import (
    CATEGORIES,
    ERASURES,
    PRODUCTS,
    STATES,
    UNDER_WAY,
    WATCHED,
    Found,
    Group,
    Item,
    ItemState,
    sealed_changes,
    sealed_ref,
)
from avgate_gateway.store.item_statements import OF_REQUEST
from avgate_gateway.store.left_to_people import LEFT, of_task
from avgate_gateway.store.schema import item
from avgate_gateway.store.written_out import one_of
from avgate_gateway.vault import Box


async def add(
    db: Connection, request_id: str, connector: str, found: Iterable[Found], box: Box
) -> None:
    rows = [_row(request_id, connector, f, box) for f in found]
    if rows:
        await db.execute(_ADD, rows)


async def forget(db: Connection, request_id: str, connector: str) -> None:
    """Drops what a look left that is made anew; nothing was approved, let alone done."""
    here = {"request_id": request_id, "connector": connector}
    if (await db.execute(item_statements.ANY_LOCATED, here)).first() is not None:
        await db.execute(item_statements.FORGET, here)


async def select(
    db: Connection,
    request_id: str,
    *,
    connector: str | None = None,
    connectors: Sequence[str] | None = None,
    states: Iterable[ItemState] = (),
    batch: str | None = None,
    is_unverified: bool = False,
    after: int = 0,
    limit: int = 500,
) -> Sequence[Item]:
    """Items in the order they were found, a page at a time."""
    statement = item_statements.selecting(
        tuple(states),
        is_of_one=connector is not None,
        is_of_some=connectors is not None,
        is_of_a_batch=batch is not None,
        is_unverified=is_unverified,
    )
    asked = {"connector": connector, "connectors": connectors, "batch": batch}
    asked = {name: value for name, value in asked.items() if value is not None}
    here = {"request_id": request_id, "after": after, "limit": limit, **asked}
    return [item_of(row) for row in (await db.execute(statement, here)).mappings()]


async def states_among(
    db: Connection, request_id: str, connector: str, states: Iterable[ItemState]
) -> frozenset[ItemState]:
    """In which of these states any of a connector's items are."""
    here = {"request_id": request_id, "connector": connector}
    found = await db.execute(item_statements.holding(tuple(states)), here)
    return frozenset(map(ItemState, found.scalars()))


async def due(
    db: Connection,
    request_id: str,
    connector: str,
    states: Iterable[ItemState],
    now: datetime,
    limit: int = 500,
) -> Sequence[Item]:
    """Items whose time to be looked at has come, the longest waiting first."""
    here = {
        "request_id": request_id,
        "connector": connector,
        "states": [state.value for state in states],
        "now": now,
        "limit": limit,
    }
    return [item_of(row) for row in (await db.execute(DUE, here)).mappings()]


async def of_hand_task(
    db: Connection, task: HandTask, limit: int, after: int = 0
) -> tuple[Sequence[Item], int]:
    """The first items that a person's task is about, after one of them, and how many there are."""
    mine = of_task(task)
    total = (
        await db.execute(sa.select(sa.func.count()).select_from(item).where(mine))
    ).scalar_one()
    page = item.select().where(mine, item.c.id > after).order_by(item.c.id)
    rows = await db.execute(page.limit(limit))
    return [item_of(row) for row in rows.mappings()], total


async def change(db: Connection, ids: Sequence[int], **values: Any) -> None:
    """Writes the same to several items."""
    plain = {k: v.value if isinstance(v, ItemState) else v for k, v in values.items()}
    if len(ids) <= _FEW and not any(isinstance(v, sa.ClauseElement) for v in plain.values()):
        await change_each(db, [{"id": one, **plain} for one in ids])
        return
    for start in range(0, len(ids), _AT_ONCE):
        await db.execute(
            item.update().where(item.c.id.in_(ids[start : start + _AT_ONCE])).values(**plain)
        )


async def change_each(db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes to each item its own values; every row has `id` and the same other columns."""
    if not rows:
        return
    names = tuple(name for name in rows[0] if name != "id")
    await db.execute(
        item_statements.changing(names),
        [{"which": row["id"], **{f"new_{n}": row[n] for n in names}} for row in rows],
    )


async def unplanned_connectors(db: Connection, request_id: str) -> Sequence[str]:
    """Connectors of which something was located that no plan covers yet."""
    found = await db.execute(item_statements.UNPLANNED, {"request_id": request_id})
    return list(found.scalars())


async def is_untouched(db: Connection, request_id: str, connector: str | None = None) -> bool:
    """Whether nothing was approved or done: all there is was located, and planned at the most."""
    if connector is None:
        found = await db.execute(_TOUCHED, {"request_id": request_id})
    else:
        here = {"request_id": request_id, "connector": connector}
        found = await db.execute(_TOUCHED_THERE, here)
    return found.first() is None


async def counts(db: Connection, request_id: str) -> Mapping[tuple[str, str], int]:
    """How many items there are by connector and state."""
    found = await db.execute(_COUNTS, {"request_id": request_id})
    return {(row[0], row[1]): row[2] for row in found}


async def counts_of(
    db: Connection, request_ids: Sequence[str]
) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """The same for several requests, by request."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for row in await db.execute(_COUNTS_OF, {"request_ids": request_ids}):
        found.setdefault(row[0], {})[row[1], row[2]] = row[3]
    return found


async def groups(db: Connection, request_id: str) -> Sequence[Group]:
    """What became of the items, counted by everything that a report says of them."""
    found = await db.execute(_GROUPS, {"request_id": request_id})
    return [Group(**row) for row in found.mappings()]


async def groups_left(db: Connection, request_id: str) -> Sequence[Group]:
    """What is left to people, counted by everything that a task says of it."""
    found = await db.execute(_GROUPS_LEFT, {"request_id": request_id})
    return [Group(**row) for row in found.mappings()]


async def next_looks(db: Connection, request_id: str) -> Mapping[str, datetime]:
    """The earliest moment at which an item that is at an end is looked at again, by connector."""
    found = await db.execute(_LOOKS, {"request_id": request_id})
    return {row[0]: row[1] for row in found}


async def next_confirmation(db: Connection, request_id: str, connector: str) -> datetime | None:
    """When an upstream is asked first about what it accepted; None where nothing is outstanding."""
    here = {"request_id": request_id, "connector": connector}
    found = await db.execute(item_statements.NEXT_CONFIRMATION, here)
    earliest: datetime | None = found.scalar_one()
    return earliest


async def lost_batch(db: Connection, request_id: str, connector: str, looks: int) -> str | None:
    """The first batch of which something is unknown that was looked at less often than that."""
    here = {"request_id": request_id, "connector": connector, "looks": looks}
    batch: str | None = (await db.execute(item_statements.LOST_BATCH, here)).scalar()
    return batch


async def has_left(db: Connection, request_id: str) -> bool:
    """Whether something is left that a person may set going again, or that is not at its end."""
    return (await db.execute(_LEFT, {"request_id": request_id})).first() is not None


async def has_any(
    db: Connection, request_id: str, connector: str, states: Iterable[ItemState]
) -> bool:
    query = sa.select(item.c.id).where(
        item.c.request_id == request_id,
        item.c.connector == connector,
        item.c.state.in_([state.value for state in states]),
    )
    return (await db.execute(query.limit(1))).first() is not None


# In the order of its index: a page of a hundred thousand that are due costs no more than any other.
DUE = (
    item.select()
    .where(
        OF_REQUEST,
        item.c.connector == sa.bindparam("connector"),
        item.c.look_at <= sa.bindparam("now"),
        item.c.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(item.c.look_at, item.c.id)
    .limit(sa.bindparam("limit"))
)
_ADD = item.insert()
_TOUCHED = sa.select(item.c.id).where(OF_REQUEST, item.c.state != ItemState.LOCATED.value).limit(1)
_TOUCHED_THERE = _TOUCHED.where(item.c.connector == sa.bindparam("connector"))
_LEFT = (
    sa.select(item.c.id).where(OF_REQUEST, sa.or_(LEFT, one_of(item.c.state, UNDER_WAY))).limit(1)
)
_LOOKS = (
    sa.select(item.c.connector, sa.func.min(item.c.look_at))
    .where(OF_REQUEST, item.c.look_at.isnot(None), one_of(item.c.state, WATCHED))
    .group_by(item.c.connector)
)
_COUNTS = (
    sa.select(item.c.connector, item.c.state, sa.func.count())
    .where(OF_REQUEST)
    .group_by(item.c.connector, item.c.state)
)
_COUNTS_OF = (
    sa.select(item.c.request_id, item.c.connector, item.c.state, sa.func.count())
    .where(item.c.request_id.in_(sa.bindparam("request_ids", expanding=True)))
    .group_by(item.c.request_id, item.c.connector, item.c.state)
)
COUNT = sa.func.count().label("count")
_TASKED = (
    item.c.connector,
    item.c.category,
    item.c.product,
    item.c.state,
    item.c.code,
    item.c.reason,
)
ALIKE = (*_TASKED, item.c.ground, item.c.until, item.c.effective_from, item.c.erasure)
_GROUPS = sa.select(*ALIKE, COUNT).where(OF_REQUEST).group_by(*ALIKE).order_by(*ALIKE)
_GROUPS_LEFT = sa.select(*_TASKED, COUNT).where(OF_REQUEST, LEFT).group_by(*_TASKED)
_FEW = 50  # written one by one: a statement for each number of them would have to be made anew
_AT_ONCE = 500  # below SQLite's limit on bound values in the oldest release still about (999)


def _row(request_id: str, connector: str, found: Found, box: Box) -> dict[str, Any]:
    at = found.item
    return {
        "request_id": request_id,
        "connector": connector,
        "digest": found.digest,
        "category": at.category.value,
        "product": at.product.value,
        "term_starts": at.term_starts,
        "service_runs": at.service_runs,
        "erasure": at.erasure.value,
        "upstream_version": at.version,
        "state": ItemState.LOCATED.value,
        "looks": 0,
        "tries": 0,
        "ref_box": sealed_ref(found, box),
        "changes_box": sealed_changes(found, box),
    }


def item_of(row: Mapping[Any, Any]) -> Item:
    """A row of the table as a value."""
    return Item(
        **{
            **row,
            "category": CATEGORIES[row["category"]],
            "product": PRODUCTS[row["product"]],
            "state": STATES[row["state"]],
            "erasure": ERASURES[row["erasure"]],
        }
    )
