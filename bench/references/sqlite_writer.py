"""One thread that writes to SQLite: WAL, `synchronous=FULL`, so that a commit is on disk.

`at_once=1` is a transaction for each write; more is group commit: whatever waits while the disk is
busy shares the next transaction, and nobody waits for a window to fill.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

Write: TypeAlias = tuple[str, Sequence[Sequence[Any]]]


class Writer:
    """Made on the loop that awaits it."""

    def __init__(self, path: str, tables: str, at_once: int) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {tables}")
        self._at_once = at_once
        self._waiting: deque[tuple[Sequence[Write], asyncio.Future[None]]] = deque()
        self._some = threading.Semaphore(0)
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._write_for_ever, daemon=True).start()

    async def write(self, *writes: Write) -> None:
        """Returns when the rows are on disk."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((writes, done))
        self._some.release()
        await done

    def _write_for_ever(self) -> None:
        while True:
            self._some.acquire()
            some = [self._waiting.popleft()]
            while len(some) < self._at_once and self._some.acquire(blocking=False):
                some.append(self._waiting.popleft())
            self._db.execute("BEGIN IMMEDIATE")
            for writes, _ in some:
                for statement, rows in writes:
                    self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_tell, [done for _, done in some])


def _tell(done: Sequence[asyncio.Future[None]]) -> None:
    for future in done:
        future.set_result(None)
