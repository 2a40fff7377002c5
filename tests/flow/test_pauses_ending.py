"""What waited for a pause to end is woken, whatever happens at the moment at which it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from avgate_gateway.pausing import LONGEST_SLEEP, Pauses
from avgate_gateway.store import pauses as rows
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import request, task

from .cluster import shared

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ID = "11111111-1111-4111-8111-111111111111"
CRM = ("c", "crm")
REQUEST = {
    "id": ID, "controller": "c", "client_id": "x", "operation": "erase", "state": "waiting",
    "received_at": NOON, "promised": NOON.date(), "legal": NOON.date(), "reference": "r",
    "identifier_kinds": "email", "language": "nl", "scope": {}, "version": 1,
    "wake_at": NOON + LONGEST_SLEEP,
}  # fmt: skip
TASK = {
    "request_id": ID, "connector": "crm", "controller": "c", "received_at": NOON, "stage": "execute",
    "attempts": 0, "quarantined": 0, "tally": {}, "updated_at": NOON,
}  # fmt: skip


class Faltering(Database):
    """A database that is away for so many writes, once `stays` more were made."""

    away, stays = 0, 0

    @asynccontextmanager
    async def write(self, *given: Any, **more: Any) -> AsyncIterator[Connection]:
        if self.stays:
            self.stays -= 1
        elif self.away:
            self.away -= 1
            raise AwayError("not now")
        async with super().write(*given, **more) as db:
            yield db


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Faltering]:
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'here.db'}" if is_file else shared().database()
    await asyncio.to_thread(migrate, url)
    made = Faltering(url)
    yield made
    await made.close()


async def paused(database: Database) -> Pauses:
    """A process that knows of the pause for which a request waits."""
    async with database.write() as db:
        await db.execute(request.insert(), [REQUEST])
        await db.execute(task.insert(), [TASK])
        await rows.begin(db, rows.Pause(*CRM, NOON, "chief", "it does harm"))
    pauses = Pauses(database, lambda: LATER)
    await pauses.refresh()
    return pauses


async def is_due(database: Database) -> bool:
    async with database.read() as db:
        return ID in await requests.due(db, LATER, 10, controller="c")


async def end_elsewhere(database: Database) -> None:
    async with database.write() as db:
        found = await rows.of(db, *CRM)
        assert found is not None
        await rows.end(db, found, "chief", LATER)


async def test_a_database_that_is_away_at_that_moment_is_asked_again(database: Faltering) -> None:
    pauses = await paused(database)
    await end_elsewhere(database)
    database.away = 1
    with pytest.raises(AwayError):
        await pauses.refresh()
    assert not await is_due(database)
    await pauses.refresh()
    assert await is_due(database)


async def test_so_it_is_for_whoever_ended_the_pause(database: Faltering) -> None:
    pauses = await paused(database)
    database.stays, database.away = 1, 1
    with pytest.raises(AwayError):
        await pauses.resume(*CRM, "chief")
    database.away = 0
    await pauses.refresh()
    assert await is_due(database)


async def test_what_is_put_to_sleep_by_the_pause_while_it_ends_is_woken(
    database: Faltering,
) -> None:
    """On PostgreSQL whoever wakes sees nothing of what another is about to commit."""
    pauses = await paused(database)
    async with database.write() as db:
        await requests.wake(db, ID, NOON)  # it is being worked on
    await end_elsewhere(database)
    async with database.write(ID) as db:
        await requests.wake(db, ID, LATER + LONGEST_SLEEP)
        looking = asyncio.create_task(pauses.refresh())
        if not database.is_sqlite:
            async with asyncio.timeout(5):
                await looking
    await looking
    await pauses.refresh()
    assert await is_due(database)
