"""Claims on a real PostgreSQL: one holder at a time, and none that was superseded may write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway.leased import Leased
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import request

from .cluster import as_account, shared
from .harness import until
from .proxy import Proxy

ID = "11111111-1111-4111-8111-111111111111"
_ONE_MORE = (
    "INSERT INTO request SELECT (jsonb_populate_record(r, jsonb_build_object('id', %s::text))).* "
    "FROM request r WHERE id = %s"
)
_OTHERS_LEASE_LAPSES = "UPDATE worker SET beat_at = beat_at - 9000000"


@pytest.fixture
def url() -> str:
    made = shared().database()
    migrate(made)
    now = datetime.now(UTC) - timedelta(seconds=5)
    values = {
        "id": ID, "controller": "c", "client_id": "x", "operation": "access", "state": "received",
        "received_at": now, "promised": now.date(), "legal": now.date(), "reference": "r",
        "identifier_kinds": "email", "language": "nl", "scope": {}, "version": 1, "wake_at": now,
    }  # fmt: skip
    engine = sa.create_engine(made.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as db:
        db.execute(request.insert().values(**values))
    engine.dispose()
    return made


@asynccontextmanager
async def worker(url: str, clock: Callable[[], float] = time.time) -> AsyncIterator[Leased]:
    made = Leased(url, "1", lambda: datetime.now(UTC), clock)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(url)
    yield made
    await made.close()


def row(url: str, column: str) -> object:
    [(value,)] = shared().ask(f"SELECT {column} FROM request", url=url)  # noqa: S608 -- the tests' own
    return value


async def write(database: Database, word: str) -> None:
    async with database.write() as db:
        await db.execute(request.update().values(closing=word))


async def test_what_one_holds_another_does_not_get_until_it_is_let_go(url: str) -> None:
    async with worker(url) as one, worker(url) as other:
        async with one.held(ID) as is_ones:
            assert is_ones
            async with other.held(ID) as is_others:
                assert not is_others
        async with other.held(ID) as is_others:
            assert is_others
    assert (row(url, "held_by"), row(url, "fence")) == (None, 2)


async def test_what_is_not_due_is_nobodys(url: str) -> None:
    shared().ask("UPDATE request SET wake_at = wake_at + 60000000", url=url)
    async with worker(url) as one, one.held(ID) as is_ones:
        assert not is_ones


async def test_whoever_is_superseded_cannot_write_and_is_stopped_quietly(
    url: str, database: Database
) -> None:
    async with worker(url) as one, worker(url) as other:
        came_to_the_end = False
        async with one.held(ID) as is_ones:
            assert is_ones
            await write(database, "en")
            # As if another had taken it over, which this one has not heard of.
            shared().ask("UPDATE request SET held_by = 'another.1', fence = fence + 1", url=url)
            await write(database, "fy")
            came_to_the_end = True
        assert not came_to_the_end
        assert (row(url, "closing"), row(url, "held_by")) == ("en", "another.1")
        async with other.held(ID) as is_others:  # another.1 is not among the living
            assert is_others


async def test_one_whose_lease_lapsed_is_stopped_and_registers_anew(url: str) -> None:
    async with worker(url) as one:
        before = await one.others()
        async with asyncio.timeout(20):
            async with one.held(ID) as is_ones:
                assert is_ones
                shared().ask(_OTHERS_LEASE_LAPSES, url=url)
                await asyncio.Event().wait()  # it would go on for ever
            while not (registered := shared().ask("SELECT id FROM worker", url=url))[1:]:  # noqa: ASYNC110 -- no event tells of a row
                await asyncio.sleep(0.05)
    assert not before
    assert {name.rpartition(".")[2] for (name,) in registered} == {"1", "2"}


@pytest.mark.parametrize(
    ("seconds", "says"), [(400.0, "ahead of"), (3.2e8, "ahead of"), (-400.0, "behind")]
)
async def test_one_whose_clock_goes_wrong_stands_back_until_it_is_right(
    url: str, seconds: float, says: str
) -> None:
    wrong = 0.0
    async with worker(url, lambda: time.time() + wrong) as one, worker(url) as other:
        assert one.trouble() is None
        async with asyncio.timeout(20):
            async with one.held(ID) as is_ones:
                assert is_ones
                wrong = seconds
                await asyncio.Event().wait()  # it would go on for ever
            async with one.held(ID) as is_ones:
                assert not is_ones
            async with other.held(ID) as is_others:
                assert is_others
            assert says in (one.trouble() or "")
            wrong = 0.0
            while one.trouble() is not None or len(await other.others()) != 1:  # noqa: ASYNC110 -- no event tells of a row
                await asyncio.sleep(0.05)
            async with one.held(ID) as is_ones:
                assert is_ones


async def test_one_whose_clock_is_wrong_does_not_start(url: str) -> None:
    made = Leased(url, "1", lambda: datetime.now(UTC), lambda: time.time() - 7200)
    with pytest.raises(AwayError, match=r"clock is 7\d\d\d seconds behind the database's"):
        await made.start()
    await made.stop()


async def test_a_clock_that_is_a_few_minutes_off_or_a_frozen_look_is_no_reason(url: str) -> None:
    late = iter([0.0, 290.0])
    async with worker(url, lambda: time.time() + next(late, -290.0)) as one:
        assert one.trouble() is None
        async with one.held(ID) as is_ones:
            assert is_ones


async def test_nobody_writes_about_a_request_while_another_does(
    url: str, database: Database
) -> None:
    async with database.write(ID) as first:
        await first.execute(request.update().values(closing="en"))
        with psycopg.connect(url) as db, pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("SELECT 1 FROM request FOR UPDATE NOWAIT")


async def test_rows_that_somebody_has_locked_hold_up_no_claim(url: str) -> None:
    """A person at psql, or a process that froze in a transaction: it held up all that were due."""
    locked, free = more_requests(url)
    async with worker(url) as one:
        with psycopg.connect(as_account("postgres", url)) as db:
            db.execute("SELECT FROM request WHERE id = ANY(%s) FOR UPDATE", ([ID, locked],))
            tried = await asyncio.gather(*(is_had(one, which) for which in (ID, locked, free)))
        assert tried == [False, False, True]
        assert await is_had(one, ID)


def more_requests(url: str) -> tuple[str, str]:
    """Two that are as the first."""
    made = ID.replace("1", "2"), ID.replace("1", "3")
    for which in made:
        shared().ask(_ONE_MORE, which, ID, url=url)
    return made


async def is_had(one: Leased, request_id: str) -> bool:
    """Whether it is given at once: nobody waits for the lock of a row."""
    async with asyncio.timeout(5), one.held(request_id) as is_ours:
        return is_ours


async def test_who_died_before_the_servers_clock_went_back_is_taken_for_dead_all_the_same(
    url: str,
) -> None:
    """Such as with the machine that both ran on, where the one that took over has another clock."""
    shared().ask(
        "INSERT INTO worker (id, name, protocol, release, since, beat_at) SELECT 'dead.1', 'there:1', '1', '1', "
        "of, of FROM (SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint + 240000000 AS of)",
        url=url,
    )
    shared().ask("UPDATE request SET held_by = 'dead.1'", url=url)
    async with worker(url) as one, asyncio.timeout(30):
        assert not await is_had(one, ID)  # it may live, and beat again in a moment
        while not await is_had(one, ID):  # noqa: ASYNC110 -- no event tells of a row
            await asyncio.sleep(0.5)


async def test_one_that_is_not_registered_for_a_while_says_so(url: str) -> None:
    passed = 0.0
    proxy = Proxy(shared().port)
    through = url.replace(f":{shared().port}/", f":{proxy.port}/")
    made = Leased(
        through, "1", lambda: datetime.now(UTC), monotonic=lambda: time.monotonic() + passed
    )
    await made.start()
    try:
        proxy.go_dead()
        assert made.trouble() is None
        passed = 30.0
        assert "has not been registered" in (made.trouble() or "")
        passed = 0.0
        proxy.heal()
    finally:
        await made.stop()
        proxy.end()


async def test_a_process_whose_loop_stands_still_is_taken_for_dead_and_comes_back(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its heart went on, in a thread of its own, and nobody else ever did what it held."""
    made = Leased(url, "1", lambda: datetime.now(UTC), deaf_seconds=3)
    await made.start()
    try:
        # Everything stands still while this waits, but for threads.
        until(lambda: not shared().ask("SELECT 1 FROM worker", url=url))
        assert caplog.text.count("worker.stands_still") == 1
        async with asyncio.timeout(30):
            while not await is_had(made, ID):  # noqa: ASYNC110 -- no event tells of a row
                await asyncio.sleep(0.1)
    finally:
        await made.stop()
