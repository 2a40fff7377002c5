"""Nothing waits without a reason: what a request that does not get on says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway.backlog import behind
from avgate_gateway.engine import Engine
from avgate_gateway.faults import Fault, Faults
from avgate_gateway.holdup import hold_up
from avgate_gateway.request import Scope, State, SubjectRequest
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.vault import VaultError

from .test_engine import due, until

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATE = NOW - timedelta(seconds=40)
REQUEST = SubjectRequest(
    id="r", controller="a", client_id="c", operation=Operation.ACCESS, state=State.RUNNING,
    waiting_for=None, received_at=LATE, promised=NOW.date(), legal=NOW.date(), reference="s",
    identifier_kinds=("email",), language="nl", scope=Scope(), version=1, wake_at=LATE,
)  # fmt: skip


def task(connector: str, stage: Stage = Stage.LOCATE, later: datetime | None = None) -> Task:
    return Task("r", connector, stage, 0, NOW, next_attempt_at=later)


def told(*tasks: Task, full: str = "", fault: Fault | None = None) -> str | None:
    return hold_up(REQUEST, tasks, NOW, lambda name: name in full.split(), fault)


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, state=State.CLOSED),
        replace(REQUEST, wake_at=None),
        replace(REQUEST, wake_at=NOW - timedelta(seconds=29)),
        replace(REQUEST, wake_at=NOW + timedelta(days=1)),
    ],
)
def test_nothing_is_said_of_one_that_gets_on_or_waits_for_something_else(
    request_: SubjectRequest,
) -> None:
    assert hold_up(request_, [task("slow")], NOW, lambda _: True) is None


def test_one_that_waits_for_a_place_names_the_upstream_that_has_none() -> None:
    said = told(task("quick"), task("slow"), task("done", Stage.DONE), full="slow done")
    assert said is not None
    assert said.startswith(
        "It has been due since 2029-12-31T23:59:20+00:00. All places at slow are taken"
    )
    assert "ask who runs it" in said


def test_one_that_is_at_an_upstream_for_long_names_it() -> None:
    said = told(task("b"), task("a"), task("later", later=NOW + timedelta(days=1)))
    assert said is not None
    assert "Not done yet is what b and a has to do" in said
    assert "later" not in said


def test_one_that_has_nothing_to_wait_for_says_where_to_look() -> None:
    said = told(task("later", later=NOW + timedelta(days=1)))
    assert said is not None
    assert "GET /health/ready" in said


def test_one_that_a_mistake_of_ours_stops_says_so_at_once_and_names_nobody() -> None:
    fresh = replace(REQUEST, wake_at=NOW + timedelta(seconds=30))
    said = hold_up(fresh, [], NOW, lambda _: False, Fault("KeyError", NOW, NOW, 3))
    assert said is not None
    assert "mistake of the gateway's own (KeyError) has stopped it 3 times since 2030-01-01" in said


def test_what_does_not_open_is_no_mistake_of_the_gateways() -> None:
    said = told(fault=Fault("VaultError", NOW, NOW, 3, is_sealed=True))
    assert said is not None
    assert "mistake" not in said
    assert "a master key is missing" in said


def test_faults_are_counted_end_and_are_not_kept_for_ever() -> None:
    clock = [NOW]
    faults = Faults(lambda: clock[0])
    faults.happened("r", KeyError("jan.jansen@example.org"))
    clock[0] += timedelta(seconds=30)
    faults.happened("r", KeyError())
    faults.happened("s", ValueError())
    assert faults.of("r") == Fault("KeyError", NOW, clock[0], 2)
    assert (faults.count(), faults.of("t")) == (2, None)
    faults.are_over("s")
    assert faults.count() == 1
    clock[0] += timedelta(minutes=5)  # whoever else took it up was not stopped
    assert (faults.count(), faults.of("r")) == (0, None)
    for number in range(1_200):
        faults.happened(f"n{number}", ValueError())
    assert faults.count() == 1_000


def test_what_does_not_open_is_told_apart_from_a_mistake() -> None:
    faults = Faults(lambda: NOW)
    faults.happened("r", KeyError())
    assert faults.sealed() == 0
    faults.happened("s", VaultError("master key 5365bdb8 is needed"))
    assert (faults.count(), faults.sealed()) == (2, 1)
    said = behind({}, faults.count(), faults.sealed())
    assert said is not None
    assert said.startswith("What is stored of 1 request does not open: a master key is missing")
    assert "data.unreadable" in said


@pytest.mark.parametrize(
    ("count", "start"), [(1, "1 request is stopped by"), (1_200, "1,200 requests are stopped by")]
)
def test_readiness_tells_of_requests_that_a_mistake_stops(count: int, start: str) -> None:
    said = behind({}, count)
    assert said is not None
    assert said.startswith(start)
    assert "request.postponed" in said


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    database = Database(f"sqlite:///{tmp_path}/avgate.db")
    yield database
    await database.close()


async def test_a_request_that_fails_each_time_is_known_until_it_gets_on(database: Database) -> None:
    await due(database, "a", "r")
    is_broken = asyncio.Event()
    is_broken.set()

    async def advance(_request_id: str) -> None:
        if is_broken.is_set():
            raise KeyError

    engine = Engine(database, advance, lambda: NOW)
    for times in (1, 2):
        engine.wake(["r"])
        await until(lambda: not engine._begun)
        fault = engine.faults.of("r")
        assert fault is not None
        assert fault.times == times
    is_broken.clear()
    engine.wake(["r"])
    await until(lambda: not engine._begun)
    assert engine.faults.of("r") is None
