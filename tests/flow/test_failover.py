"""A primary that is gone for good, and its synchronous standby that takes over from it: nothing that was promised is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from avgate_mocks.people import Person

from .cluster import Cluster
from .conftest import begun
from .fleet import Fleet
from .harness import Mocks, Served, until
from .standby import Standby, address, followed
from .telling import staying
from .test_takeover import accepted

GOES_ON_WITHIN = 30  # seconds after the standby takes what is written


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Mocks]:
    (tmp_path / "mocks").mkdir()
    made = begun(tmp_path / "mocks", seed=32, people=60)
    yield made
    made.end()


@pytest.fixture
def pair() -> Iterator[tuple[Cluster, Standby]]:
    """What the first answers, the second has."""
    with followed() as (first, second):
        first.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")  # of the first alone
        first.ask("SELECT pg_reload_conf()")
        in_step = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        until(lambda: first.ask(in_step) == [(1,)])
        yield first, second


def test_a_primary_that_is_lost_in_the_midst_of_erasures_takes_nothing_with_it(
    pair: tuple[Cluster, Standby], own: Mocks, tmp_path: Path
) -> None:
    first, second = pair
    fleet = Fleet(first, own, tmp_path / "fleet", url=address(first, second))
    try:
        both = fleet.serve("one"), fleet.serve("other")
        fleet.url = address(first)  # whom the test asks
        fleet.ready()
        people = iter([p for p in own.everyone[12:] if p.controller == "libervoice"])
        made = {recorded(served, person): person for served in both for person in three(people)}
        midst = next(people)
        own.plant("operator", {"fault": "hang_after", "method": "DELETE", "times": 1})
        made[recorded(both[0], midst)] = midst
        until(lambda: bool(own.effects("operator", midst.id)) and not own.left("operator"), 60)
        first.stop(signal.SIGKILL)
        second.promote()
        fleet.url, fleet.cluster = address(second), second
        began = time.monotonic()
        person = next(people)
        made[recorded(both[1], person)] = person
        assert time.monotonic() - began < GOES_ON_WITHIN
        until(lambda: not fleet.unfinished(made), 120)
        caller = both[1].caller("libervoice", "batch")
        for request_id, person in made.items():
            report = caller.report(request_id)  # 404 where the request is lost
            assert not own.twice(person.id)
            assert own.holds("operator")[person.id] == staying(report, "operator")
        assert "the chain is whole" in fleet.audited()
    finally:
        fleet.end()


def three(people: Iterator[Person]) -> list[Person]:
    return [next(people) for _ in range(3)]


def recorded(served: Served, person: Person) -> str:
    """Its id, once it is answered 202: callers repeat themselves under the same key."""
    caller = served.caller("libervoice", "batch")
    return until(partial(accepted, caller, person), 60)
