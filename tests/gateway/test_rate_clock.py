"""A window that was begun by a clock that was ahead, and was put right since, ends all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from avgate_gateway.guard.rate import Policy
from avgate_gateway.store import rates
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOURLY = Policy("erasures", 2, 3600)


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    made = Database(f"sqlite:///{tmp_path}/avgate.db")
    yield made
    await made.close()


async def given(database: Database, now: datetime) -> tuple[int, float]:
    """How many of two are given, and in how many seconds there may be more."""
    async with database.write() as db:
        taken = await rates.take(db, HOURLY, ("libervoice", "portal"), 2, now)
    return taken.granted, taken.seconds


async def test_a_clock_that_was_years_ahead_leaves_nobody_without_a_call_for_years(
    database: Database,
) -> None:
    """Nor holds up all erasures: nobody would have known why, and no restart helped."""
    assert await given(database, NOW + timedelta(days=3650)) == (2, 3600)
    assert await given(database, NOW) == (2, 3600)
    assert await given(database, NOW) == (0, 3600)


async def test_a_clock_that_is_put_back_a_little_begins_no_window_anew(database: Database) -> None:
    assert await given(database, NOW) == (2, 3600)
    assert await given(database, NOW - timedelta(minutes=5)) == (0, 3900)
    assert await given(database, NOW + timedelta(hours=1)) == (2, 3600)
