"""What earlier erasures left in upstreams, and the blind indexes that lead to it.

An item that the law keeps, or that waits for a person, may outlive the card that led to it: then no
look finds it any more, and only the request that left it knows of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.items import item_of
from avgate_gateway.store.left_to_people import LEFT
from avgate_gateway.store.schema import item, lead


class Lead(NamedTuple):
    """The blind index of an identifier that is somebody's for good."""

    digest: str
    is_customer: bool  # of a customer id, which nobody shares


@dataclass(frozen=True, slots=True)
class LeftEarlier:
    """Items alike that an earlier erasure left here; `request_id` is that erasure's."""

    request_id: str
    category: Category
    product: Product
    is_retained: bool
    ground: str | None
    until: date | None
    count: int = 0


async def lead_to(db: Connection, request_id: str, leads: Collection[Lead]) -> None:
    """Has these blind indexes lead to a request, and no others."""
    await forget(db, request_id)
    if leads:
        rows = [{**one._asdict(), "request_id": request_id} for one in sorted(leads)]
        await db.execute(_ADD, rows)


async def forget(db: Connection, request_id: str) -> None:
    await db.execute(_FORGET, {"which": request_id})


async def left(
    db: Connection, leads: Collection[Lead], connector: str, *, but_not: str
) -> Sequence[Item]:
    """What all other requests that these lead to left with a connector.

    Not those of another customer: a mailbox may be a whole household's.
    """
    customers = [one.digest for one in leads if one.is_customer]
    here = {
        "digests": [one.digest for one in leads],
        "customers": customers,
        "connector": connector,
        "but_not": but_not,
    }
    asked = {str(place): one.digest for place, one in enumerate(leads)}
    if (await db.execute(_any(len(leads)), {**asked, "but_not": but_not})).first() is None:
        return []
    found = await db.execute(_LEFT_TO_CUSTOMER if customers else _LEFT_TO_ANYBODY, here)
    return [item_of(row) for row in found.mappings()]


def _left_by(requests: sa.Select[str]) -> sa.Select[Any]:
    return item.select().where(
        item.c.request_id.in_(requests),
        item.c.connector == sa.bindparam("connector"),
        item.c.ref_box.isnot(None),
        sa.or_(item.c.state == ItemState.RETAINED.value, LEFT),
    )


_ADD = lead.insert()
_FORGET = lead.delete().where(lead.c.request_id == sa.bindparam("which"))
_LED_TO = sa.select(lead.c.request_id).where(
    lead.c.digest.in_(sa.bindparam("digests", expanding=True)),
    lead.c.request_id != sa.bindparam("but_not"),
)


@lru_cache(maxsize=64)
def _any(count: int) -> sa.Select[str]:
    """Whether one of so many leads anywhere: a statement of its own for each, as it is asked most."""
    digests = [sa.bindparam(str(place), type_=lead.c.digest.type) for place in range(count)]
    there = lead.c.digest.in_(digests), lead.c.request_id != sa.bindparam("but_not")
    return sa.select(lead.c.request_id).where(*there).limit(1)


_OF_A_CUSTOMER = sa.select(lead.c.request_id).where(lead.c.is_customer)
_OF_THE_SAME = _OF_A_CUSTOMER.where(lead.c.digest.in_(sa.bindparam("customers", expanding=True)))
_LEFT_TO_ANYBODY = _left_by(_LED_TO)
_LEFT_TO_CUSTOMER = _left_by(
    _LED_TO.where(
        sa.or_(lead.c.request_id.in_(_OF_THE_SAME), lead.c.request_id.notin_(_OF_A_CUSTOMER))
    )
)


def counted(rows: Iterable[Item]) -> tuple[LeftEarlier, ...]:
    """The same, put together by everything that is said of it."""
    kinds = Counter(map(_kind, rows))
    alike = [replace(kind, count=count) for kind, count in kinds.items()]
    return tuple(sorted(alike, key=lambda one: (one.request_id, one.category, str(one.until))))


def _kind(row: Item) -> LeftEarlier:
    stays = row.state is ItemState.RETAINED
    return LeftEarlier(row.request_id, row.category, row.product, stays, row.ground, row.until)


def to_json(left_earlier: Iterable[LeftEarlier]) -> list[dict[str, Any]]:
    return [
        {
            "request_id": one.request_id,
            "category": one.category.value,
            "product": one.product.value,
            "is_retained": one.is_retained,
            "ground": one.ground,
            "until": one.until.isoformat() if one.until else None,
            "count": one.count,
        }
        for one in left_earlier
    ]


def from_json(read: Sequence[Mapping[str, Any]] | None) -> tuple[LeftEarlier, ...]:
    return tuple(
        LeftEarlier(
            **{
                **one,
                "category": Category(one["category"]),
                "product": Product(one["product"]),
                "until": date.fromisoformat(one["until"]) if one["until"] else None,
            }
        )
        for one in read or ()
    )
