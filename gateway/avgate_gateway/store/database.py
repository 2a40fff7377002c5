"""One database behind two doors: many readers, and writers one after the other where it must be."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.postgresql import PostgresqlServer
from avgate_gateway.store.sqlite import SqliteFile


class Doors(Protocol):
    """What every kind of database offers."""

    def read(self) -> AbstractAsyncContextManager[Connection]: ...

    def write(self) -> AbstractAsyncContextManager[Connection]: ...

    async def close(self) -> None: ...


class Database:
    """Connections for reading and transactions for writing."""

    def __init__(self, url: str) -> None:
        is_file = url.startswith("sqlite")
        self._doors: Doors = SqliteFile(url) if is_file else PostgresqlServer(url)

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A connection whose reads see one moment."""
        return self._doors.read()

    def write(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction; on disk when the block is left, undone when it raises."""
        return self._doors.write()

    async def close(self) -> None:
        await self._doors.close()
