"""A database whose process may die at any write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.sqlite import SqliteFile


class DeathError(BaseException):
    """The process ends here."""


class Mortal(Database):
    """A database whose process dies at a write that was named before; one door for all to wait at.

    One door, so that what runs at once takes turns in the same order every time.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.dies_after: int | None = None  # writes; half of the time with the last one on disk
        self.is_dead = False
        self.writes = 0
        self._door = asyncio.Lock()
        assert isinstance(self._doors, SqliteFile)
        sa.event.listen(self._doors.engine, "connect", _hurry)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        async with self._door, super().read() as db:
            yield db

    @asynccontextmanager
    async def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AsyncIterator[Connection]:
        async with self._door:
            self._live()
            self.writes += 1
            async with super().write(request_id, ahead=ahead) as db:
                yield db
            self._live()

    def _live(self) -> None:
        if self.dies_after is not None:
            self.is_dead = self.is_dead or self.dies_after <= 0
            self.dies_after -= 1
        if self.is_dead:
            raise DeathError


def _hurry(connection: Any, _record: object) -> None:
    connection.cursor().execute("PRAGMA synchronous=OFF")  # only this process dies, no machine


def is_death(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(is_death(each) for each in error.exceptions)
    return isinstance(error, DeathError)
