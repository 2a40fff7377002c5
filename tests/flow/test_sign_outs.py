"""Sign-ins that end on a real PostgreSQL: of two processes that end one at once, one did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from avgate_gateway.store import console_sessions
from avgate_gateway.store.console_sessions import Session
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate

from .cluster import shared

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER, HOUR = NOON + timedelta(hours=3), timedelta(hours=1)
WHO = ("libervoice", "console:a", "a", "A.", ("requests:read",))


@pytest_asyncio.fixture
async def database() -> AsyncIterator[Database]:
    url = shared().database()
    await asyncio.to_thread(migrate, url)
    made = Database(url)
    async with made.write() as db:
        for one in "abc":
            session = Session(one * 64, *WHO, one, NOON, NOON, NOON + 9 * HOUR)
            assert await console_sessions.begin(db, session)
    yield made
    await made.close()


async def test_what_has_run_out_is_found_once_and_nobody_waits(database: Database) -> None:
    async with database.write() as one, database.write() as other:
        mine = await console_sessions.time_out(one, LATER - HOUR, LATER)
        async with asyncio.timeout(5):
            theirs = await console_sessions.time_out(other, LATER - HOUR, LATER)
    assert (len(mine), theirs) == (3, [])
    async with database.write() as db:
        assert await console_sessions.time_out(db, LATER - HOUR, LATER) == []


async def test_a_sign_out_that_is_sent_twice_ends_it_once(database: Database) -> None:
    async def end() -> int:
        async with database.write() as db:
            return len(await console_sessions.end(db, ["a" * 64], LATER))

    assert sorted(await asyncio.gather(end(), end(), end())) == [0, 0, 1]
