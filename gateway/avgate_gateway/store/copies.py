"""The encrypted copy of what upstreams hold, kept until it was handed out or its key is destroyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.schema import copy_part


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a copy: some records, as JSON and as rows of a table, or some bytes of a file."""

    category: str
    product: str
    count: int
    box: bytes = field(repr=False)
    file: int | None = None
    name_box: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    table_box: bytes | None = field(default=None, repr=False)
    table_columns: int | None = None


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
    parts: int
    last: int  # part: one that comes after it belongs to a copy that is made anew


class ChangedError(Exception):
    """The copy is made anew, or was destroyed, since its shelves were listed."""


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
            "table_box": part.table_box,
            "table_columns": part.table_columns,
        }
        for part in parts
    ]
    if rows:
        await db.execute(_ADD, rows)


async def forget(db: Connection, request_id: str, connector: str | None = None) -> None:
    """Drops a copy, or what one connector's interrupted try left of it."""
    here = {"request_id": request_id, "connector": connector}
    some, all_of_it = _OF_REQUEST if connector is None else _OF_CONNECTOR
    # Mostly there is nothing; and a deletion, which may be of thousands, goes through a thread.
    if (await db.execute(some, here)).first() is not None:
        await db.execute(all_of_it, here)


async def thin_out(database: Database, request_id: str, connector: str | None = None) -> None:
    """Drops most of a large copy, some in each transaction, for whoever then forgets the rest.

    Gigabytes take longer than a transaction may.
    """
    here = {"request_id": request_id, "connector": connector}
    some, few = _OF_REQUEST_IN_PARTS if connector is None else _OF_CONNECTOR_IN_PARTS
    is_large = True
    while is_large:
        async with database.read() as db:
            is_large = (await db.execute(some, here)).first() is not None
        if is_large:
            async with database.write() as db:
                await db.execute(few, here)


def _in_parts(*where: sa.ColumnElement[bool]) -> tuple[sa.Select[int], sa.Delete]:
    some = sa.select(copy_part.c.id).where(*where)
    few = copy_part.delete().where(copy_part.c.id.in_(some.limit(_DROPPED_AT_ONCE)))
    return some.offset(_DROPPED_AT_ONCE).limit(1), few


def _dropped(*where: sa.ColumnElement[bool]) -> tuple[sa.Select[int], sa.Delete]:
    return sa.select(copy_part.c.id).where(*where).limit(1), copy_part.delete().where(*where)


_ADD = copy_part.insert()
_OF_A_REQUEST = copy_part.c.request_id == sa.bindparam("request_id")
_OF_REQUEST = _dropped(_OF_A_REQUEST)
_OF_A_CONNECTOR = copy_part.c.connector == sa.bindparam("connector")
_OF_CONNECTOR = _dropped(_OF_A_REQUEST, _OF_A_CONNECTOR)
_DROPPED_AT_ONCE = (
    8  # of a megabyte at the most; SQLite keeps all that a statement drops in memory while it lasts
)
_OF_REQUEST_IN_PARTS = _in_parts(_OF_A_REQUEST)
_OF_CONNECTOR_IN_PARTS = _in_parts(_OF_A_REQUEST, _OF_A_CONNECTOR)


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
            sa.func.count(),
            sa.func.max(copy_part.c.id),
        )
        .where(copy_part.c.request_id == request_id)
        .group_by(*key)
        .order_by(copy_part.c.file.isnot(None), *key)
    )
    return [Shelf(*row) for row in await db.execute(query)]


async def boxes(database: Database, request_id: str, shelf: Shelf) -> AsyncGenerator[bytes, None]:
    """The sealed parts of a shelf in order; no transaction stays open between two reads.

    Raises ChangedError where they are not all there any more: half of a copy must not pass for one.
    """
    query = _RECORDS if shelf.file is None else _FILE
    async with aclosing(_rows(database, request_id, shelf, query)) as rows:
        async for row in rows:
            yield row[1]


async def tables(
    database: Database, request_id: str, shelf: Shelf
) -> AsyncGenerator[tuple[int, bytes], None]:
    """The same of the rows of a table: how many columns a part has, and its box."""
    async with aclosing(_rows(database, request_id, shelf, _TABLE)) as rows:
        async for row in rows:
            yield row[1], row[2]


async def _rows(
    database: Database, request_id: str, shelf: Shelf, query: sa.Select[Any]
) -> AsyncGenerator[Any, None]:
    here: dict[str, Any] = {
        "request_id": request_id,
        "connector": shelf.connector,
        "category": shelf.category,
        "product": shelf.product,
        "last": 0,
    }
    if shelf.file is not None:
        here["file"] = shelf.file
    left = shelf.parts
    # The next are read, one after the other, while these are looked at.
    reading = [asyncio.ensure_future(_read(database, query, here))]
    try:
        while reading:
            while len(reading) <= _AHEAD:
                following = _read_on(database, query, here, reading[-1])
                reading.append(asyncio.ensure_future(following))
            if not (rows := await reading.pop(0)):
                break
            for row in rows:
                if row[0] > shelf.last:
                    raise ChangedError
                left -= 1
                yield row
        if left:
            raise ChangedError
    finally:
        for one in reading:
            one.cancel()
        if reading:
            await asyncio.wait(reading)


async def _read(
    database: Database, query: sa.Select[Any], here: Mapping[str, Any]
) -> Sequence[Any]:
    async with database.read() as db:
        return (await db.execute(query, here)).all()


async def _read_on(
    database: Database, query: sa.Select[Any], here: Mapping[str, Any],
    before: asyncio.Future[Sequence[Any]],
) -> Sequence[Any]:  # fmt: skip
    """What follows on what is being read; nothing after the last of it."""
    rows = await asyncio.shield(before)
    if len(rows) < _AT_ONCE:
        return ()
    return await _read(database, query, {**here, "last": rows[-1][0]})


_AT_ONCE = 2  # parts, two megabytes at the most
_AHEAD = 2  # times as much


def _in_order(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    place = ("request_id", "connector", "category", "product")
    return (
        sa.select(copy_part.c.id, *columns)
        .where(
            *(copy_part.c[name] == sa.bindparam(name) for name in place),
            copy_part.c.id > sa.bindparam("last"),
        )
        .order_by(copy_part.c.id)
        .limit(_AT_ONCE)
        .execution_options(**{HEAVY: True})
    )


_OF_RECORDS = copy_part.c.file.is_(None)
_RECORDS = _in_order(copy_part.c.box).where(_OF_RECORDS)
_TABLE = _in_order(copy_part.c.table_columns, copy_part.c.table_box).where(_OF_RECORDS)
_FILE = _in_order(copy_part.c.box).where(copy_part.c.file == sa.bindparam("file"))
