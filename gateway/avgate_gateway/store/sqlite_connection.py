"""A connection to SQLite that waits in a thread, and only where there is something to wait for.

SQLAlchemy's usual driver hands every step of every statement to a thread: some ten hand-overs for a
transaction that reads one row, each dearer than the read. Here what is read is read where it is
asked for; what may wait for a lock or for the disk goes to the connection's own thread. It has the
part of `aiosqlite`'s interface that SQLAlchemy uses.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

T = TypeVar("T")
_READING = ("SELECT", "BEGIN DEFERRED")


async def connect(path: str, busy_seconds: float) -> Connection:
    """Opens the file; a lock that another holds is waited for so long."""
    thread = ThreadPoolExecutor(1, "sqlite")

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(
            path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )

    return Connection(await asyncio.get_running_loop().run_in_executor(thread, opened), thread)


class Connection:
    """One connection and its thread; used by one task at a time."""

    isolation_level = None

    def __init__(self, plain: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection: sqlite3.Connection | None = plain
        self._plain = plain
        self._thread = thread
        self._under_way = 0

    def cursor(self) -> Cursor:
        return Cursor(self, self._plain.cursor())

    async def create_function(self, *args: Any, **named: Any) -> None:
        self._plain.create_function(*args, **named)

    async def commit(self) -> None:
        if self._plain.in_transaction:
            await self.wait_for(self._plain.commit)

    async def rollback(self) -> None:
        if self.is_busy:
            await self.wait_for(self._plain.rollback)
        elif self._plain.in_transaction:
            self._plain.rollback()

    async def close(self) -> None:
        self._connection = None
        await self.wait_for(self._plain.close)
        self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Closes without being waited for, after whatever is still under way."""
        self._connection = None
        self._thread.submit(self._plain.close)
        self._thread.shutdown(wait=False)

    @property
    def is_busy(self) -> bool:
        """Whether the thread is still at a step, of which the task that took it may know no more."""
        return self._under_way > 0

    async def wait_for(self, step: Callable[[], T]) -> T:
        """Takes a step in the thread; one that is given up ends there before the next begins."""
        ended = asyncio.get_running_loop().run_in_executor(self._thread, step)
        self._under_way += 1
        ended.add_done_callback(self._ended)
        return await asyncio.shield(ended)

    def _ended(self, _step: object) -> None:
        self._under_way -= 1


class Cursor:
    """One statement and its rows."""

    def __init__(self, connection: Connection, plain: sqlite3.Cursor) -> None:
        self._connection = connection
        self._plain = plain

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._plain.description

    @property
    def rowcount(self) -> int:
        return self._plain.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._plain.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        def step() -> None:
            self._plain.execute(statement, parameters)

        # Readers wait for nobody in WAL mode.
        if statement.startswith(_READING) and not self._connection.is_busy:
            step()
        else:
            await self._connection.wait_for(step)
        return self

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> Self:
        def step() -> None:
            self._plain.executemany(statement, rows)

        await self._connection.wait_for(step)
        return self

    async def fetchall(self) -> list[Any]:
        return self._plain.fetchall()

    async def close(self) -> None:
        self._plain.close()
