"""The encrypted copy of what upstreams hold, kept until it was handed out or its key is destroyed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.schema import copy_part


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a copy: some records, or some bytes of a file."""

    category: str
    product: str
    count: int
    box: bytes = field(repr=False)
    file: int | None = None
    name_box: bytes | None = field(default=None, repr=False)
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """All parts of one connector and category, or of one file."""

    connector: str
    category: str
    product: str
    file: int | None
    media_type: str | None
    count: int
    name_box: bytes | None = field(repr=False)


async def add(db: Connection, request_id: str, connector: str, parts: Sequence[Part]) -> None:
    rows = [
        {
            "request_id": request_id,
            "connector": connector,
            "category": part.category,
            "product": part.product,
            "file": part.file,
            "name_box": part.name_box,
            "media_type": part.media_type,
            "count": part.count,
            "box": part.box,
        }
        for part in parts
    ]
    if rows:
        await db.execute(copy_part.insert(), rows)


async def forget(db: Connection, request_id: str, connector: str | None = None) -> None:
    """Drops a copy, or what one connector's interrupted try left of it."""
    here = {"request_id": request_id, "connector": connector}
    some, all_of_it = _OF_REQUEST if connector is None else _OF_CONNECTOR
    # Mostly there is nothing; and a deletion, which may be of thousands, goes through a thread.
    if (await db.execute(some, here)).first() is not None:
        await db.execute(all_of_it, here)


def _dropped(*where: sa.ColumnElement[bool]) -> tuple[sa.Select[int], sa.Delete]:
    return sa.select(copy_part.c.id).where(*where).limit(1), copy_part.delete().where(*where)


_OF_A_REQUEST = copy_part.c.request_id == sa.bindparam("request_id")
_OF_REQUEST = _dropped(_OF_A_REQUEST)
_OF_CONNECTOR = _dropped(_OF_A_REQUEST, copy_part.c.connector == sa.bindparam("connector"))


async def shelves(db: Connection, request_id: str) -> Sequence[Shelf]:
    """What a copy consists of, records before files."""
    key = (
        copy_part.c.connector,
        copy_part.c.category,
        copy_part.c.product,
        copy_part.c.file,
    )
    query = (
        sa.select(
            *key,
            sa.func.max(copy_part.c.media_type),
            sa.func.sum(copy_part.c.count),
            sa.func.max(copy_part.c.name_box),
        )
        .where(copy_part.c.request_id == request_id)
        .group_by(*key)
        .order_by(copy_part.c.file.isnot(None), *key)
    )
    return [Shelf(*row) for row in await db.execute(query)]


async def boxes(database: Database, request_id: str, shelf: Shelf) -> AsyncIterator[bytes]:
    """The sealed parts of a shelf in order; no transaction stays open between two of them."""
    last = 0
    of_file = copy_part.c.file.is_(None) if shelf.file is None else copy_part.c.file == shelf.file
    query = (
        sa.select(copy_part.c.id, copy_part.c.box)
        .where(
            copy_part.c.request_id == request_id,
            copy_part.c.connector == shelf.connector,
            copy_part.c.category == shelf.category,
            copy_part.c.product == shelf.product,
            of_file,
        )
        .order_by(copy_part.c.id)
        .limit(1)
    )
    while True:
        async with database.read() as db:
            row = (await db.execute(query.where(copy_part.c.id > last))).first()
        if row is None:
            return
        last = row[0]
        yield row[1]
