"""One database behind two doors: many readers, and writers one after the other where it must be.

SQLite runs in WAL with `synchronous=FULL`: a commit is on disk before it is answered. Writers begin
IMMEDIATE and queue in this process, so no transaction ever fails half-way for a lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from avgate_gateway.store import sqlite_connection

_BUSY_SECONDS = 30
_READERS = 4
_CHAIN = 0x61766761  # an arbitrary number that all our processes share


class Database:
    """Connections for reading and transactions for writing."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self._readers = _sqlite_engine(url, _READERS, "DEFERRED") if self.is_sqlite else _pg(url)
        self._writers = _sqlite_engine(url, 1, "IMMEDIATE") if self.is_sqlite else self._readers
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose reads see one moment."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; on disk when the block is left, undone when it raises."""
        if not self.is_sqlite:
            async with self._writers.begin() as connection:
                # The chain of evidence has one end: writers queue for it, as SQLite's do anyway.
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN)))
                yield connection
            return
        async with self._turn, self._writers.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self._readers.dispose()
        if self._writers is not self._readers:
            await self._writers.dispose()


def _pg(url: str) -> AsyncEngine:
    address = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(address, isolation_level="READ COMMITTED")


def _sqlite_engine(url: str, size: int, begin: str) -> AsyncEngine:
    path = sa.make_url(url).database or ":memory:"

    async def opened() -> sqlite_connection.Connection:
        return await sqlite_connection.connect(path, _BUSY_SECONDS)

    engine = create_async_engine(
        url.replace("sqlite://", "sqlite+aiosqlite://", 1),
        pool_size=size,
        max_overflow=0,
        async_creator=opened,
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "cache_size=-512",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin_as_meant(connection: sa.Connection) -> None:
        # The driver's own BEGIN is deferred and late; this one takes the lock it needs at once.
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine
