"""One database behind two doors: many readers, and writers one after the other where it must be.

On SQLite all writers take turns; on PostgreSQL only those who write for the same request, for its row.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Protocol, cast

from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.outbox import Outbox
from avgate_gateway.store.sqlite import SqliteFile


class Doors(Protocol):
    """What every kind of database offers."""

    def read(self) -> AbstractAsyncContextManager[Connection]: ...

    def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AbstractAsyncContextManager[Connection]: ...

    async def close(self) -> None: ...


class Database:
    """Connections for reading and transactions for writing."""

    def __init__(self, url: str, key: bytes | None = None) -> None:
        """`key` is that of an encrypted SQLite file."""
        self.is_sqlite = url.startswith("sqlite")
        self.attesting = Attesting()
        self.outbox = Outbox()
        self._doors: Doors = (
            SqliteFile(url, self.attesting, key, self.outbox)
            if self.is_sqlite
            else _server(url, self.attesting, self.outbox)
        )

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A connection whose reads see one moment; raises AwayError."""
        return self._doors.read()

    def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AbstractAsyncContextManager[Connection]:
        """A transaction; on disk when the block is left, undone when it raises.

        Whoever decides about a request that others may be writing for names it; what is held is
        known. `ahead` is for few rows that a caller waits for: where writers take turns, it comes before what
        is done by itself. Raises AwayError, or SupersededError where another worker took over what is held.
        """
        return self._doors.write(request_id, ahead=ahead)

    async def close(self) -> None:
        await self._doors.close()


def _server(url: str, attesting: Attesting, outbox: Outbox) -> Doors:
    doors = import_module("avgate_gateway.store.postgresql")  # its driver is an extra
    return cast("Doors", doors.PostgresqlServer(url, attesting, outbox))
