"""The two doors to the database, over a real file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store.database import Database

_INSERT = sa.text("INSERT INTO thing VALUES (:n)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.db"
    with sqlite.connect(path) as plain:
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("CREATE TABLE thing (n INTEGER PRIMARY KEY)")
    plain.close()
    return path


@pytest_asyncio.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    async with database.write(), database.read():
        pass  # connections are open, so that the next step asked for is the test's own
    yield database
    await database.close()


@pytest.fixture
def other(path: Path) -> sqlite.Connection:
    """Somebody else's connection to the file, as another process would have one."""
    return sqlite.connect(path, isolation_level=None)


async def add(database: Database, *numbers: int) -> None:
    async with database.write() as db:
        for number in numbers:
            await db.execute(_INSERT, {"n": number})


async def things(database: Database) -> list[int]:
    async with database.read() as db:
        return list((await db.execute(sa.text("SELECT n FROM thing ORDER BY n"))).scalars())


async def until_it_waits(task: asyncio.Task[None]) -> None:
    """Long enough for the task to have asked for the lock."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()


async def test_what_is_written_is_read(database: Database) -> None:
    await add(database, 1, 2)

    assert await things(database) == [1, 2]


async def test_many_rows_go_in_at_once(database: Database) -> None:
    async with database.write() as db:
        await db.execute(_INSERT, [{"n": number} for number in range(1000)])

    assert len(await things(database)) == 1000


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        await add(database, 1, 2, 2)

    assert await things(database) == []
    await add(database, 3)
    assert await things(database) == [3]


async def test_reads_go_on_while_a_write_waits_for_the_lock_of_another(
    database: Database, other: sqlite.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO thing VALUES (7)")
    write = asyncio.create_task(add(database, 8))
    await until_it_waits(write)

    assert await things(database) == []
    other.execute("COMMIT")
    await write

    assert await things(database) == [7, 8]


async def test_a_write_that_is_given_up_while_it_waits_is_not_done_later(
    database: Database, other: sqlite.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    write = asyncio.create_task(add(database, 8))
    await until_it_waits(write)

    write.cancel()
    other.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await write
    await add(database, 9)

    assert await things(database) == [9]


async def test_a_write_that_is_given_up_in_its_midst_leaves_nothing(database: Database) -> None:
    begun = asyncio.Event()

    async def half() -> None:
        async with database.write() as db:
            await db.execute(_INSERT, {"n": 1})
            begun.set()
            await asyncio.Event().wait()

    write = asyncio.create_task(half())
    await begun.wait()
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    await add(database, 2)

    assert await things(database) == [2]


async def test_writers_take_turns(database: Database) -> None:
    await asyncio.gather(*(add(database, number) for number in range(50)))

    assert await things(database) == list(range(50))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("synchronous", 2), ("journal_mode", "wal"), ("secure_delete", 1)],  # 2 is FULL
)
async def test_what_is_acknowledged_survives_a_power_cut_and_what_is_deleted_is_overwritten(
    database: Database, pragma: str, value: object
) -> None:
    async with database.write() as db:
        assert (await db.execute(sa.text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_a_reader_sees_one_moment(database: Database) -> None:
    count = sa.text("SELECT count(*) FROM thing")
    async with database.read() as db:
        before = (await db.execute(count)).scalar_one()
        await add(database, 1)
        after = (await db.execute(count)).scalar_one()

    assert (before, after) == (0, 0)
