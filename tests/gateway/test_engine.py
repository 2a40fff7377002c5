"""The engine: what is due is found, whoever forgot it; one's backlog is nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway.bulkheads import Bulkheads, at_upstream
from avgate_gateway.claims import Alone
from avgate_gateway.engine import Engine
from avgate_gateway.faults import Faults
from avgate_gateway.pausing import Pauses
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import request, task
from avgate_gateway.vault import VaultError

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    database = Database(f"sqlite:///{tmp_path}/avgate.db")
    yield database
    await database.close()


async def due(database: Database, controller: str, *ids: str, needs: str = "slow") -> None:
    """Requests that have been due for a while."""
    async with database.write() as db:
        for number, request_id in enumerate(ids):
            await db.execute(
                request.insert().values(
                    id=request_id, controller=controller, client_id="c", operation="access",
                    state="received", received_at=NOW, promised=NOW.date(), legal=NOW.date(),
                    reference="s", identifier_kinds="email", language="nl", version=1,
                    scope={"connectors": [], "categories": []},
                    wake_at=NOW - timedelta(seconds=1000 - number),
                )
            )  # fmt: skip
            await db.execute(
                task.insert().values(
                    request_id=request_id, connector=needs, stage="locate", attempts=0,
                    quarantined=0, tally={}, updated_at=NOW, controller=controller,
                    received_at=NOW,
                )
            )  # fmt: skip


async def done(database: Database, request_id: str) -> None:
    async with database.write() as db:
        gone = request.update().where(request.c.id == request_id).values(wake_at=None)
        await db.execute(gone)


async def left(database: Database) -> int:
    async with database.read() as db:
        open_ones = sa.select(sa.func.count()).where(request.c.wake_at.isnot(None))
        return int((await db.execute(open_ones)).scalar_one())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0)


class Hindered(Pauses):
    """What waited for a pause cannot be woken, such as while somebody keeps one of its rows locked."""

    has_begun = False

    async def refresh(self) -> bool:
        if self.has_begun:
            raise AwayError("not now")
        self.has_begun = True
        return await super().refresh()


async def test_what_is_due_goes_on_while_what_waited_for_a_pause_cannot_be_woken(
    database: Database,
) -> None:
    await due(database, "a", "r")
    seen: list[str] = []

    async def advance(request_id: str) -> None:
        seen.append(request_id)
        await done(database, request_id)

    engine = Engine(database, advance, lambda: NOW, ["a"], pauses=Hindered(database, lambda: NOW))
    await engine.start()
    await until(lambda: bool(seen))
    await engine.stop()
    assert seen == ["r"]


async def test_what_nobody_was_told_of_is_found(database: Database) -> None:
    await due(database, "a", *(f"r{number}" for number in range(200)))
    seen: list[str] = []

    async def advance(request_id: str) -> None:
        seen.append(request_id)
        await done(database, request_id)

    engine = Engine(database, advance, lambda: NOW, ["a"])
    await engine.start()
    await until(lambda: len(seen) == 200)
    await engine.stop()

    assert max(Counter(seen).values()) == 1
    assert await left(database) == 0


async def test_one_whose_controller_is_gone_is_found_too(database: Database) -> None:
    await due(database, "gone", "r")
    seen: list[str] = []

    async def advance(request_id: str) -> None:
        seen.append(request_id)
        await done(database, request_id)

    engine = Engine(database, advance, lambda: NOW, ["a"])
    await engine.start()
    await until(lambda: seen == ["r"])
    await engine.stop()


async def test_one_that_fails_is_tried_again_and_not_at_once(database: Database) -> None:
    await due(database, "a", "r")
    tries = 0

    async def advance(_request_id: str) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError

    engine = Engine(database, advance, lambda: NOW, ["a"])
    await engine.start()
    await until(lambda: tries == 1)
    await until(lambda: not engine._begun)
    await engine.stop()

    async with database.read() as db:
        wake_at = (await db.execute(sa.select(request.c.wake_at))).scalar_one()
    assert wake_at == NOW + timedelta(seconds=30)


async def test_one_that_does_not_open_is_told_with_the_key_that_it_needs(
    database: Database, lines: pytest.LogCaptureFixture
) -> None:
    await due(database, "a", "r")

    async def advance(_request_id: str) -> None:
        raise VaultError("master key 5365bdb8 is needed")

    faults = Faults(lambda: NOW)
    engine = Engine(database, advance, lambda: NOW, ["a"], faults=faults)
    await engine.start()
    await until(lambda: bool(lines.records))
    await until(lambda: not engine._begun)
    await engine.stop()
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [(one["event"], one.get("reason"), one.get("request_id")) for one in told] == [
        ("data.unreadable", "master key 5365bdb8 is needed", "r")
    ]
    assert faults.sealed() == 1


async def test_a_wake_up_during_the_work_has_it_done_once_more(database: Database) -> None:
    await due(database, "a", "r")
    goes = 0

    async def advance(request_id: str) -> None:
        nonlocal goes
        goes += 1
        if goes == 1:
            engine.wake([request_id, request_id])
            await asyncio.sleep(0)

    engine = Engine(database, advance, lambda: NOW)
    engine.wake(["r"])
    await until(lambda: not engine._begun)

    assert goes == 2


async def test_a_backlog_at_one_upstream_keeps_nobody_from_another(database: Database) -> None:
    await due(database, "a", *(f"slow{number}" for number in range(300)))
    await due(database, "a", "quick", needs="quick")
    await due(database, "b", "theirs")
    stuck, seen = asyncio.Event(), set[str]()

    async def advance(request_id: str) -> None:
        seen.add(request_id)
        if request_id.startswith("slow"):
            await stuck.wait()
        await done(database, request_id)

    bulkheads = Bulkheads(monotonic=lambda: 0.0)
    engine = Engine(database, advance, lambda: NOW, ["a", "b"], bulkheads=bulkheads)
    await engine.start()
    await until(lambda: {"quick", "theirs"} <= seen)
    await until(lambda: len(engine._begun) == 300)  # those that wait are known, and wait
    assert len(seen) == 10
    stuck.set()
    await until(lambda: len(seen) == 302)
    await engine.stop()


async def test_what_a_full_queue_has_no_room_for_hides_nobody_behind_it(database: Database) -> None:
    await due(database, "a", *(f"slow{number}" for number in range(200)))
    await due(database, "a", "late", needs="quick")
    async with database.write() as db:
        last = request.update().where(request.c.id == "late").values(wake_at=NOW)
        await db.execute(last)
    stuck, seen = asyncio.Event(), set[str]()

    async def advance(request_id: str) -> None:
        seen.add(request_id)
        if request_id.startswith("slow"):
            await stuck.wait()
        await done(database, request_id)

    bulkheads = Bulkheads(at_each=2, waiting=3)
    engine = Engine(database, advance, lambda: NOW, ["a"], bulkheads=bulkheads)
    await engine.start()
    await until(lambda: "late" in seen)
    assert (bulkheads.taken["a/slow"], bulkheads.waiting) == (2, 3)
    stuck.set()
    await engine.stop()


async def test_a_part_that_has_ended_keeps_no_place_while_the_others_go_on(
    database: Database,
) -> None:
    await due(database, "a", *(f"both{number}" for number in range(20)))
    async with database.write() as db:
        for number in range(20):
            await db.execute(
                task.insert().values(
                    request_id=f"both{number}", connector="quick", stage="locate", attempts=0,
                    quarantined=0, tally={}, updated_at=NOW, controller="a", received_at=NOW,
                )
            )  # fmt: skip
    stuck, seen = asyncio.Event(), set[str]()

    async def part(connector: str, until_done: asyncio.Event | None = None) -> None:
        async with at_upstream("a", connector):
            if until_done is not None:
                await until_done.wait()

    async def advance(request_id: str) -> None:
        if request_id.startswith("both"):
            await asyncio.gather(part("slow", stuck), part("quick"))
        seen.add(request_id)
        await done(database, request_id)

    bulkheads = Bulkheads(monotonic=lambda: 0.0)
    engine = Engine(database, advance, lambda: NOW, ["a"], bulkheads=bulkheads)
    await engine.start()
    await until(lambda: bulkheads.taken.get("a/slow") == 8)
    await due(database, "a", "other", needs="quick")
    await until(lambda: "other" in seen and bulkheads.taken == {"a/slow": 8, "a/quick": 0})
    stuck.set()
    await until(lambda: len(seen) == 21)
    await engine.stop()


class Accompanied(Alone):
    """One of several processes, whose settings may be older than the others'."""

    async def others(self) -> Sequence[str]:
        return ["another.1"]


@pytest.mark.parametrize(("claims", "taken"), [(Accompanied(), {"old"}), (Alone(), {"old", "new"})])
async def test_what_others_may_know_is_left_to_them_for_a_while(
    database: Database, claims: Alone, taken: set[str]
) -> None:
    """A controller was added in one process after the other: those that did not know it put its requests off by an hour."""
    await due(database, "added", "old", "new")
    async with database.write() as db:
        fresh = request.update().where(request.c.id == "new")
        await db.execute(fresh.values(wake_at=NOW - timedelta(minutes=5)))
    woken: set[str] = set()

    async def advance(request_id: str) -> None:
        woken.add(request_id)
        await done(database, request_id)

    engine = Engine(database, advance, lambda: NOW, ("known",), claims)
    await engine.start()
    await until(lambda: "old" in woken)
    await engine.stop()
    assert woken == taken
