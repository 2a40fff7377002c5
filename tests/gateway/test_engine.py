"""The engine's own table: what is finished is dropped from it, however much there is."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avgate_gateway.engine import Engine
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate

FINISHED = 1_201  # more than twice what is dropped at once


def copied(file: Path, times: int) -> None:
    """Has a finished workflow lie there so many times more."""
    with sqlite3.connect(file, timeout=30) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(workflow_status)")]
        values = ["hex(randomblob(16))" if name == "workflow_uuid" else name for name in names]
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "  # noqa: S608 -- column names of the table itself
            f"INSERT INTO workflow_status ({', '.join(names)}) "
            f"SELECT {', '.join(values)} FROM n, (SELECT * FROM workflow_status LIMIT 1)",
            (times,),
        )
    db.close()


def count(file: Path, condition: str = "1 = 1") -> int:
    with sqlite3.connect(file, timeout=30) as db:
        asked = f"SELECT count(*) FROM workflow_status WHERE {condition}"  # noqa: S608 -- the tests' own
        [(found,)] = db.execute(asked).fetchall()
    db.close()
    return int(found)


async def lived(folder: Path, now: datetime, *woken: str) -> None:
    """An engine's life, until it has worked on what was woken, or tidied."""
    database, file = Database(f"sqlite:///{folder}/avgate.db"), folder / "engine.db"

    async def advance(request_id: str) -> None:
        assert request_id in woken

    def is_over() -> bool:
        return count(file, "status = 'SUCCESS'") == 1 if woken else count(file) == 0

    engine = Engine(f"sqlite:///{file}", database, advance, lambda: now)
    await engine.start()
    engine.wake(woken)
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(is_over):  # noqa: ASYNC110 -- no event tells of a row
            await asyncio.sleep(0)
    await engine.stop()
    await database.close()


def test_tidying_goes_on_until_nothing_that_is_finished_is_left(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    now = datetime.now(UTC)
    asyncio.run(lived(tmp_path, now, "a request"))  # the engine leaves no loop fit for another
    copied(tmp_path / "engine.db", FINISHED)
    asyncio.run(lived(tmp_path, now + timedelta(hours=2)))
    assert count(tmp_path / "engine.db") == 0
