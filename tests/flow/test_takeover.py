"""Whatever befalls a worker, another takes over what it had begun, and it cannot come between."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from tests.thorough import IS_THOROUGH

from avgate_mocks.people import Person

from .cluster import Cluster
from .conftest import CONNECTORS, begun
from .fleet import Fleet
from .harness import Caller, Mocks, Served, a_request, until
from .proxy import Proxy
from .telling import staying

WITHIN = 30  # seconds until a request whose worker is gone is held by another
CUTS = 12 if IS_THOROUGH else 6
ENDS_WITHIN = 40  # of the 60 seconds that our unit of systemd gives it
REFUSED = {"type": "https://avgate.example/problems/unavailable"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("takeover"), seed=31, people=60)
    yield made
    made.end()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    made = Proxy(cluster.port)
    yield made
    made.end()


@pytest.fixture(scope="module")
def fleet(
    cluster: Cluster, own: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    made = Fleet(cluster, own, tmp_path_factory.mktemp("fleet"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def people(own: Mocks) -> Iterator[Person]:
    return iter([p for p in own.everyone[12:] if p.controller == "libervoice"])


@dataclass
class Begun:
    """An erasure in whose midst its worker is: an upstream did it and has not answered."""

    by: Served
    person: Person
    request_id: str
    fence: int = 1


def begin(fleet: Fleet, served: Served, person: Person) -> Begun:
    own = fleet.mocks
    own.plant("operator", {"fault": "hang_after", "method": "DELETE", "times": 1})
    body = a_request("erase", person, "operator")
    made = served.caller("libervoice", "batch").submit(body)
    until(lambda: bool(own.effects("operator", person.id)) and not own.left("operator"), 60)
    return Begun(served, person, made["id"])


def is_held(fleet: Fleet, one: Begun | None) -> bool:
    """Whether the worker that began it is still at it."""
    return one is not None and fleet.holder(one.request_id) == one.by.process.pid


@pytest.fixture(scope="module")
def victims(fleet: Fleet, proxy: Proxy, people: Iterator[Person]) -> dict[str, Begun]:
    """Three workers, each in the midst of something; then one dies, one freezes, one is cut off."""
    url = fleet.url.replace(f":{fleet.cluster.port}/", f":{proxy.port}/")
    cut_off = fleet.write("cut.toml", url)
    three = {"killed": fleet.serve("killed"), "frozen": fleet.serve("frozen")}
    three["cut off"] = fleet.serve("cut_off", cut_off)
    fleet.ready()
    made: dict[str, Begun] = {}
    while lacking := [name for name in three if not is_held(fleet, made.get(name))]:
        for name in lacking:  # the one before may have stopped waiting for its upstream meanwhile
            made[name] = begin(fleet, three[name], next(people))
    for one in made.values():
        one.fence = fleet.fence(one.request_id)
    three["killed"].process.end(signal.SIGKILL)
    three["frozen"].process.send(signal.SIGSTOP)
    proxy.go_dead()
    return made


@pytest.fixture(scope="module")
def heir(fleet: Fleet, victims: dict[str, Begun]) -> Served:
    """Whoever is left; it was started last, so that it had nothing of its own."""
    made = fleet.serve("heir")
    until(made.ready, 60)
    return made


@pytest.fixture(scope="module")
def seconds(fleet: Fleet, victims: dict[str, Begun], heir: Served) -> dict[str, float]:
    """How long after the last misfortune each request was held by another."""
    began, taken = time.monotonic(), {}

    def all_taken() -> bool:
        for name, one in victims.items():
            if name not in taken and fleet.fence(one.request_id) > one.fence:
                taken[name] = time.monotonic() - began
        return len(taken) == len(victims)

    until(all_taken, 2 * WITHIN)
    return taken


def test_another_takes_over_before_anybody_has_to_be_called(seconds: dict[str, float]) -> None:
    assert max(seconds.values()) <= WITHIN, seconds


def test_what_was_taken_over_comes_to_its_end_and_nothing_was_done_twice(
    fleet: Fleet, victims: dict[str, Begun], heir: Served, seconds: dict[str, float]
) -> None:
    caller = heir.caller("libervoice", "batch")
    for name, one in victims.items():
        caller.when_ended(one.request_id, 90)
        report = caller.report(one.request_id)
        assert not fleet.mocks.twice(one.person.id), name
        assert not {line["outcome"] for line in report} & {"failed", "unknown", "pending"}, name
        held = fleet.mocks.holds("operator")[one.person.id]
        assert held == staying(report, "operator"), name


def test_one_that_comes_back_writes_nothing_and_is_as_good_as_new(
    fleet: Fleet,
    victims: dict[str, Begun],
    heir: Served,
    proxy: Proxy,
    people: Iterator[Person],
    seconds: dict[str, float],
) -> None:
    back = [victims["frozen"], victims["cut off"]]
    before = [state(fleet, one) for one in back]
    registered = set(fleet.living().values())
    victims["frozen"].by.process.send(signal.SIGCONT)
    proxy.heal()
    until(lambda: {one.by.process.pid for one in back} <= set(fleet.living()), 30)
    for one in back:
        until(partial(is_cut_short, one), 30)
        assert fleet.living()[one.by.process.pid] not in registered
    assert [state(fleet, one) for one in back] == before
    for one in back:
        caller = one.by.caller("libervoice", "portal")
        shown = caller.submit(a_request("access", next(people), "operator"), prefer="wait=30")
        assert shown["state"] == "closed"


def is_cut_short(one: Begun) -> bool:
    return one.request_id in said(one.by, "cut_short")


def said(served: Served, word: str) -> str:
    return "\n".join(line for line in served.log().splitlines() if word in line)


def state(fleet: Fleet, one: Begun) -> tuple[object, ...]:
    """All that a stale worker could spoil: the request's rows, and the upstreams'."""
    rows = fleet.ask("SELECT * FROM request WHERE id = %s", one.request_id)
    items = fleet.ask("SELECT * FROM item WHERE request_id = %s ORDER BY id", one.request_id)
    noted = fleet.ask("SELECT count(*) FROM evidence WHERE request_id = %s", one.request_id)
    effects = [fleet.mocks.effects(name, one.person.id) for name in CONNECTORS]
    return rows, items, noted, effects


def test_a_restart_of_the_database_loses_nothing(
    fleet: Fleet, cluster: Cluster, heir: Served, people: Iterator[Person], seconds: object
) -> None:
    caller = heir.caller("libervoice", "batch")
    made = [caller.submit(a_request("erase", next(people), "operator"))["id"] for _ in range(4)]
    cluster.stop(signal.SIGQUIT)
    answer = caller.http.get("/v1/requests")
    assert answer.status_code == 503
    assert answer.json().items() >= REFUSED.items()
    assert int(answer.headers["retry-after"]) > 0
    assert caller.http.get("/health/ready").status_code == 503
    assert caller.http.get("/health/live").status_code == 200
    cluster.start()
    began = time.monotonic()
    until(lambda: caller.http.get("/v1/requests").status_code == 200, 30)
    assert time.monotonic() - began <= 5
    until(lambda: not fleet.unfinished(made), 60)


def accepted(caller: Caller, person: Person) -> str | None:
    """Asks again under the same key until it is known whether it was recorded."""
    body = a_request("erase", person, "operator")
    answer = caller.post("/v1/requests", body, key=f"cut-{person.id}")
    assert answer.status_code in {202, 503}, answer.text
    return str(answer.json()["id"]) if answer.status_code == 202 else None


def test_connections_that_are_cut_again_and_again_lose_nothing(
    fleet: Fleet, own: Mocks, heir: Served, people: Iterator[Person], seconds: object
) -> None:
    caller = heir.caller("libervoice", "batch")
    made: dict[str, Person] = {}
    for _ in range(CUTS):
        fleet.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        person = next(people)
        made[until(partial(accepted, caller, person))] = person
    until(lambda: not fleet.unfinished(made), 90)
    for person in made.values():
        assert not own.twice(person.id)
    assert len(made) == CUTS
    assert "the chain is whole" in fleet.audited()


def test_an_end_while_the_database_is_silent_comes_before_it_is_forced(
    fleet: Fleet,
    victims: dict[str, Begun],
    heir: Served,
    proxy: Proxy,
    people: Iterator[Person],
    seconds: object,
) -> None:
    """systemd waits a minute; each last word would wait as long as a statement does."""
    by = victims["cut off"].by
    left: list[Begun] = []
    while len([one for one in left if is_held(fleet, one)]) < 2:
        left.append(begin(fleet, by, next(people)))
    proxy.go_dead()
    by.process.send(signal.SIGTERM)
    by.process.ended(ENDS_WITHIN)
    until(lambda: not fleet.unfinished([one.request_id for one in left]), 90)
    assert not any(fleet.mocks.twice(one.person.id) for one in left)
