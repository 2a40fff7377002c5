"""Killed at any moment, it takes up its work again: nothing is lost and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from avgate_gateway.store import evidence
from avgate_mocks.people import Person

from .conftest import CONNECTORS, begun
from .harness import Caller, Mocks, Served, a_request, until
from .sealed_file import database_of
from .telling import staying


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("killed"), seed=29, people=60)
    text = made.config.read_text()
    rule = 'approval_exempt_clients = ["portal"]\nanswer_within_days'
    made.config.write_text(text.replace("answer_within_days", rule))
    yield made
    made.end()


# Where calls take effect and are not answered any more when it is killed.
UNANSWERED: tuple[tuple[tuple[str, str, str, int], ...], ...] = (
    (),
    (("operator", "DELETE", "", 0), ("directory", "POST", "", 0)),
    (("xelion", "PATCH", "", 0), ("subprocessors", "POST", "/requests", 2)),
    (("operator", "PATCH", "", 0), ("xelion", "DELETE", "", 0)),
)


def comes_to_it(own: Mocks, person: Person, upstreams: list[str]) -> bool:
    """Whether each of these has done something for the person and owes the answer."""
    return all(own.effects(name, person.id) and not own.left(name) for name in upstreams)


@pytest.fixture
def served(own: Mocks) -> Iterator[Served]:
    made = Served(own.config.parent)
    yield made
    made.end()


def test_whenever_it_is_killed_everything_ends_and_nothing_is_done_twice(
    own: Mocks, served: Served
) -> None:
    people = iter([p for p in own.everyone[12:] if p.controller == "libervoice"])
    before = own.truth(CONNECTORS)
    made: dict[str, tuple[str, Person]] = {}
    for unanswered in UNANSWERED:
        served.start()
        caller = served.caller("libervoice", "portal")
        person = next(people)
        for upstream, method, path, skip in unanswered:
            fault = {"fault": "hang_after", "method": method, "times": 1}
            own.plant(upstream, {**fault, "path_contains": path, "skip": skip})
        for operation, whom in (("erase", person), ("access", next(people))):
            made[caller.submit(a_request(operation, whom))["id"]] = (operation, whom)
        changes = [{"field": "address.street", "to": "Nieuwe Proefweg"}]
        whom = next(people)
        body = a_request("rectify", whom, "operator", "directory", changes=changes)
        made[caller.submit(body)["id"]] = ("rectify", whom)
        named = [upstream for upstream, *_ in unanswered]
        until(partial(comes_to_it, own, person, named), 30)
        served.process.end(signal.SIGKILL)
        for name in CONNECTORS:
            own.plant(name)
    served.start()
    caller = served.caller("libervoice", "portal")
    for request_id, (operation, person) in made.items():
        shown = caller.when_ended(request_id, 60)
        assert shown["waiting_for"] in {None, "person"}
        check(own, caller, request_id, operation, person, before)
    served.end()
    assert asyncio.run(first_broken(own.config.parent)) is None


def check(
    own: Mocks,
    caller: Caller,
    request_id: str,
    operation: str,
    person: Person,
    before: dict[str, dict[str, dict[str, int]]],
) -> None:
    report = caller.report(request_id)
    outcomes = {line["outcome"] for line in report}
    assert not outcomes & {"failed", "unknown", "pending"}, (operation, report)
    assert not own.twice(person.id), operation
    orders = [e for e in own.effects("directory", person.id) if e["kind"] == "order"]
    assert len(orders) <= len(person.lines), operation
    for name in CONNECTORS:
        held = own.holds(name)[person.id]
        if operation == "erase":
            assert held == staying(report, name), name
        else:
            assert held == before[name][person.id], name
    if operation == "access":
        assert not [e for name in CONNECTORS for e in own.effects(name, person.id)]


async def first_broken(folder: Path) -> int | None:
    database = database_of(folder)
    async with database.read() as db:
        chain = await evidence.entries(db, limit=1_000_000)
    await database.close()
    assert chain
    return evidence.first_broken(chain, evidence.BEGINNING, 0)
