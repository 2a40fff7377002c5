"""PostgreSQL, which several processes on several machines share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

_CHAIN = 0x61766761  # an arbitrary number that all our processes share


class PostgresqlServer:
    """One database on a server behind two doors."""

    def __init__(self, url: str) -> None:
        address = url.replace("postgresql://", "postgresql+asyncpg://", 1)
        self._engine = create_async_engine(address, isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; on disk when the block is left, undone when it raises."""
        async with self._engine.begin() as connection:
            # The chain of evidence has one end: writers queue for it, as SQLite's do anyway.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN)))
            yield connection

    async def close(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()
