"""The file behind the two doors: shared transactions, steps given up, and errors of the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, get_ident

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store.connection import HEAVY
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.schema import item, metadata, remark
from avgate_gateway.store.sqlite import SqliteFile

from .test_own_thread import no_room_for_a_thread


def made(folder: Path) -> SqliteFile:
    url = f"sqlite:///{folder / 'things.db'}"
    metadata.create_all(engine := sa.create_engine(url))
    engine.dispose()
    return SqliteFile(url)


@pytest_asyncio.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    file = made(tmp_path)
    async with file.read():
        pass
    yield file
    await file.close()


@contextmanager
def commits_of(file: SqliteFile) -> Iterator[list[str]]:
    """What is committed to the file from now on, by connections that are opened from now on."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if statement == "COMMIT":
            seen.append(statement)

    def watch(connection: sqlite.Connection, _record: object) -> None:
        connection.set_trace_callback(note)

    sa.event.listen(file.engine, "connect", watch)
    yield seen
    sa.event.remove(file.engine, "connect", watch)


async def add(file: SqliteFile, *places: str, fails: bool = False) -> None:
    async with file.write() as db:
        for place in places:
            row = {"request_id": "r", "place": place, "box": b""}
            await db.execute(remark.insert().values(**row))
        if fails:
            raise ValueError(places)


async def places(file: SqliteFile) -> list[str]:
    async with file.read() as db:
        return list((await db.execute(sa.select(remark.c.place))).scalars())


async def test_writers_who_wait_at_the_same_time_share_a_sync(file: SqliteFile) -> None:
    with commits_of(file) as commits:
        await asyncio.gather(*(add(file, str(number)) for number in range(40)))

    assert len(await places(file)) == 40
    assert len(commits) < 5


async def test_who_is_waited_for_is_on_disk_before_others_have_begun(file: SqliteFile) -> None:
    ended: list[str] = []
    gate = asyncio.Event()

    async def write(name: str, *, ahead: bool = False) -> None:
        async with file.write(ahead=ahead) as db:
            await db.execute(remark.insert().values(request_id="r", place=name, box=b""))
            await gate.wait()
            ended.append(f"{name} wrote")
        ended.append(f"{name} is on disk")

    others = [asyncio.create_task(write(str(number))) for number in range(5)]
    await asyncio.sleep(0)  # the first has the turn, and the rest wait for it
    caller = asyncio.create_task(write("caller", ahead=True))
    await asyncio.sleep(0)
    gate.set()
    await caller
    assert ended[:2] == ["0 wrote", "caller wrote"]
    assert "2 wrote" not in ended
    await asyncio.gather(*others)
    assert len(await places(file)) == 6


async def test_a_caller_who_gives_up_while_it_is_committed_leaves_the_file_as_it_should_be(
    file: SqliteFile,
) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with file.write(ahead=True) as db:
            await db.execute(remark.insert().values(request_id="r", place="caller", box=b""))
            begun.set()

    caller = asyncio.create_task(write())
    await begun.wait()  # and its block has ended: the commit has the turn
    caller.cancel()
    await asyncio.gather(add(file, "next"), add(file, "last"))
    assert caller.cancelled()
    assert set(await places(file)) == {"caller", "next", "last"}


async def test_where_no_thread_can_be_had_to_commit_everybody_is_told(file: SqliteFile) -> None:
    """Who waited for the commit waited for ever, and with them the calls that they answer."""
    with no_room_for_a_thread():
        async with asyncio.timeout(10):
            ended = await asyncio.gather(add(file, "1"), add(file, "2"), return_exceptions=True)
    assert [type(one) for one in ended] == [AwayError, AwayError]
    await add(file, "3")
    assert await places(file) == ["3"]


async def test_nothing_is_written_into_a_file_that_was_moved_and_it_goes_on_once_it_is_back(
    file: SqliteFile, tmp_path: Path
) -> None:
    """It was answered 202 and gone with the process: SQLite goes on writing where nobody finds it."""
    await add(file, "before")
    here, elsewhere = tmp_path / "things.db", tmp_path / "elsewhere.db"
    for put_there in (bool, here.touch):  # nothing in its place, or another file
        here.rename(elsewhere)
        put_there()
        for work in (add(file, "meanwhile"), places(file)):
            with pytest.raises(AwayError, match=r"things\.db was moved, removed or replaced"):
                await work
        assert here.exists() == (put_there == here.touch), "another was made in its place"
        elsewhere.rename(here)
    await add(file, "after")
    assert set(await places(file)) == {"before", "after"}


async def test_nothing_is_written_into_a_log_that_was_removed_and_what_stood_there_is_saved_at_the_end(
    tmp_path: Path,
) -> None:
    file = made(tmp_path)
    await add(file, "before")
    assert await places(file) == ["before"]
    (tmp_path / "things.db-wal").unlink()
    for work in (add(file, "meanwhile"), places(file)):
        with pytest.raises(AwayError, match=r"things\.db-wal was removed.*SIGTERM"):
            await work
    await file.close()
    again = made(tmp_path)
    assert await places(again) == ["before"]
    await again.close()


async def test_one_that_fails_takes_nothing_from_those_it_shares_with(file: SqliteFile) -> None:
    ended = await asyncio.gather(
        add(file, "1"), add(file, "2", "2b", fails=True), add(file, "3"), return_exceptions=True
    )

    assert [type(one) for one in ended] == [type(None), ValueError, type(None)]
    assert await places(file) == ["1", "3"]


async def test_a_commit_that_fails_is_told_to_all_who_share_it_and_the_next_is_new(
    file: SqliteFile,
) -> None:
    async with file.write() as db:
        await db.execute(sa.text("CREATE TABLE parent (n TEXT PRIMARY KEY)"))
        child = "CREATE TABLE child (of TEXT REFERENCES parent (n) DEFERRABLE INITIALLY DEFERRED)"
        await db.execute(sa.text(child))
    session = file._writer
    assert session is not None
    session._plain.execute("PRAGMA foreign_keys=ON")

    async def orphan() -> None:
        async with file.write() as db:
            await db.execute(sa.text("INSERT INTO child VALUES ('nobody')"))

    ended = await asyncio.gather(add(file, "1"), orphan(), add(file, "2"), return_exceptions=True)

    assert all(isinstance(one, Exception) for one in ended)
    assert await places(file) == []
    await add(file, "3")
    assert await places(file) == ["3"]


async def test_what_the_disk_undid_is_told_to_all_who_share_it(file: SqliteFile) -> None:
    await add(file, "0")
    session = file._writer
    assert session is not None
    pages = session._plain.execute("PRAGMA page_count").fetchone()[0]
    session._plain.execute(f"PRAGMA max_page_count={pages + 1}")

    async def much() -> None:
        async with file.write() as db:
            row = {"request_id": "r", "place": "much", "box": bytes(1_000_000)}
            await db.execute(remark.insert().values(**row))

    ended = await asyncio.gather(add(file, "1"), much(), add(file, "2"), return_exceptions=True)

    told = {"1": ended[0] is None, "2": ended[2] is None}
    assert isinstance(ended[1], AwayError)
    assert await places(file) == ["0", *(place for place in ("1", "2") if told[place])]


async def test_nothing_runs_beside_a_step_that_was_given_up(file: SqliteFile) -> None:
    begun, go_on = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    def slow() -> int:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return 1

    await add(file, "0")
    session = file._writer
    assert session is not None

    async def give_up() -> None:
        async with file.write():
            await session.thread.wait_for(slow)

    writing = asyncio.create_task(give_up())
    await begun.wait()
    writing.cancel()
    after = asyncio.create_task(add(file, "1"))
    for _ in range(20):  # long enough for it to have run, if it waited for nobody
        await asyncio.sleep(0)
    assert not writing.done()
    assert not after.done()
    go_on.set()
    await after
    assert await places(file) == ["0", "1"]


async def test_a_read_waits_for_nobody(file: SqliteFile) -> None:
    reading = places(file)

    with pytest.raises(StopIteration):  # it ran to its end without giving way once
        reading.__await__().__next__()


async def test_what_nobody_read_to_the_end_keeps_no_later_reader_in_the_past(
    file: SqliteFile,
) -> None:
    await add(file, "one", "two")
    async with file.read() as db:
        half_read = await db.execute(sa.select(remark.c.place).where(remark.c.place != "nothing"))
    await add(file, "three")
    assert await places(file) == ["one", "three", "two"]  # by their index
    assert set(half_read.scalars()) == {"one", "two"}


async def test_heavy_rows_are_read_beside_the_event_loop(file: SqliteFile) -> None:
    def tell(connection: sqlite.Connection, _record: object) -> None:
        connection.create_function("here", 0, get_ident)

    sa.event.listen(file.engine, "connect", tell)
    rows = sa.union_all(*(sa.select(sa.func.here().label("thread")) for _ in range(3))).subquery()
    query = sa.select(rows.c.thread)
    seen: dict[bool, set[int]] = {}
    for is_heavy in (False, True):
        # A session that was opened before the function was told of does not know it.
        async with file.read(), file.read() as db:
            asked = query.execution_options(**{HEAVY: True}) if is_heavy else query
            seen[is_heavy] = set((await db.execute(asked)).scalars())
    assert seen[False] == {get_ident()}
    assert len(seen[True]) == 1
    assert seen[True] != seen[False]


async def test_what_may_touch_thousands_of_rows_is_done_beside_the_event_loop(
    file: SqliteFile,
) -> None:
    seen: dict[str, set[int]] = {}

    def watch(connection: sqlite.Connection, _record: object) -> None:
        def note(statement: str) -> None:
            seen.setdefault(" ".join(statement.split()[:3]), set()).add(get_ident())

        connection.set_trace_callback(note)

    sa.event.listen(file.engine, "connect", watch)
    change = item.update().where(item.c.id == 1).values(reason=None)
    rows = [{"request_id": "r", "place": str(n), "box": b""} for n in range(60)]
    async with file.write() as db:
        for _ in range(2):  # as SQLAlchemy executes it, and as it is prepared
            await db.execute(change)
        await db.execute(remark.insert(), rows)
        await db.execute(remark.update().where(remark.c.place == "0").values(box=b"x"))
    assert get_ident() not in seen["UPDATE item SET"]
    assert get_ident() not in seen["INSERT INTO remark"]
    assert seen["UPDATE remark SET"] == {get_ident()}
