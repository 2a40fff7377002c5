"""Two gateways on one PostgreSQL are one service: whoever is asked, and whoever does the work."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cluster import shared
from .conftest import Casting
from .fleet import Fleet
from .harness import IDENTITY, Caller, JsonMap, Mocks, Office, Served, a_request, until
from .telling import staying
from .test_idempotency import test_a_repeated_request_gets_the_first_answer_byte_for_byte  # noqa: F401 -- run on PostgreSQL
from .test_isolation import (  # noqa: F401 -- run on PostgreSQL  # noqa: F401 -- fixtures of these
    access,
    erasure,
    test_another_controllers_customer_is_nobody_here,
    test_lists_tasks_and_the_audit_show_only_what_is_ones_own,
)
from .test_operations import (  # noqa: F401 -- run on PostgreSQL
    test_a_rectified_value_shows_in_the_next_access,
    test_an_access_hands_out_all_that_is_held_and_nothing_more,
    test_an_erasure_does_what_its_plan_and_its_report_say_and_touches_nobody_else,
    test_an_export_holds_what_an_access_holds_where_there_is_an_export,
)

NAMES = ("operator", "directory")


@pytest.fixture(scope="module")
def fleet(mocks: Mocks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(shared(), mocks, tmp_path_factory.mktemp("fleet"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def pair(fleet: Fleet) -> tuple[Served, Served]:
    """Both are started at once, on an empty database and without a key file."""
    made = fleet.serve("first"), fleet.serve("second")
    fleet.ready()
    return made


@pytest.fixture(scope="module")
def served(pair: tuple[Served, Served]) -> Served:
    return pair[0]


@pytest.fixture(scope="module")
def office(pair: tuple[Served, Served]) -> Office:
    """Whoever asks has one gateway before them, and whoever approves the other."""
    return Office(pair[0].caller("libervoice", "portal"), pair[1].caller("libervoice", "colleague"))


@pytest.fixture(scope="module")
def asks(office: Office) -> Caller:
    return office.asks


@pytest.fixture(scope="module")
def elsewhere(pair: tuple[Served, Served]) -> Caller:
    """The client that asks, at the other gateway."""
    return pair[1].caller("libervoice", "portal")


@pytest.fixture(scope="module")
def stranger(pair: tuple[Served, Served]) -> Caller:
    return pair[1].caller("mister-voip", "portal")


@pytest.fixture
def body(anyone: Casting) -> JsonMap:
    return a_request("access", anyone(), "subprocessors", identity=None)


def test_a_hundred_at_once_over_both_are_one_request(
    asks: Caller, elsewhere: Caller, body: JsonMap
) -> None:
    key = str(uuid.uuid4())
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(
                lambda place: (asks, elsewhere)[place % 2].post("/v1/requests", body, key=key),
                range(100),
            )
        )
    assert {one.status_code for one in answers} <= {202, 409}
    accepted = [one for one in answers if one.status_code == 202]
    assert len({one.content for one in accepted}) == 1
    assert len([one for one in accepted if "idempotent-replayed" not in one.headers]) == 1
    assert all(one.headers["retry-after"] for one in answers if one.status_code == 409)


def test_whoever_waits_at_one_hears_what_happened_at_the_other(
    asks: Caller, elsewhere: Caller, anyone: Casting
) -> None:
    body, key = a_request("access", anyone(), "directory", identity=None), str(uuid.uuid4())
    before = newest(elsewhere)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asks.post, "/v1/requests", body, key=key, prefer="wait=30")
        request_id = until(lambda: [*(newest(elsewhere) - before)] or None)[0]
        assert elsewhere.post(f"/v1/requests/{request_id}/identity", IDENTITY).status_code == 200
        answer = first.result()
    assert (answer.status_code, answer.json()["state"]) == (200, "closed")


def newest(caller: Caller) -> set[str]:
    return {one["id"] for one in caller.get("/v1/requests?limit=1")["items"]}


def test_whoever_listens_at_one_hears_what_happened_at_the_other(
    asks: Caller, elsewhere: Caller, anyone: Casting
) -> None:
    request_id = asks.submit(a_request("access", anyone(), "directory", identity=None))["id"]
    with asks.http.stream("GET", f"/v1/requests/{request_id}/events") as heard:
        lines = heard.iter_lines()
        next(line for line in lines if "identity" in line)
        assert elsewhere.post(f"/v1/requests/{request_id}/identity", IDENTITY).status_code == 200
        next(line for line in lines if "closed" in line)


@pytest.fixture(scope="module")
def batch(pair: tuple[Served, Served]) -> tuple[Caller, Caller]:
    """A client whose erasures need no second person, at both gateways."""
    return pair[0].caller("libervoice", "batch"), pair[1].caller("libervoice", "batch")


def test_of_many_erasures_over_both_each_is_carried_out_once(
    fleet: Fleet, mocks: Mocks, batch: tuple[Caller, Caller], anyone: Casting
) -> None:
    people = [anyone(runs=place % 2 == 0) for place in range(6)]
    made = {}
    for place, person in enumerate(people):
        made[batch[place % 2].submit(a_request("erase", person, *NAMES))["id"]] = person
    until(lambda: not fleet.unfinished(made), 90, every=0.5)
    truth = mocks.truth(NAMES)
    for request_id, person in made.items():
        assert not mocks.twice(person.id)
        report = batch[0].report(request_id)
        for name in NAMES:
            assert truth[name][person.id] == staying(report, name), name
    both = Counter(
        name.rsplit(":", 1)[1]
        for (name,) in fleet.ask("SELECT name FROM worker")
        if isinstance(name, str)
    )
    assert len(both) == 2
    assert "the chain is whole" in fleet.audited()


@pytest.mark.parametrize("text", ["a\x00b", "\ufffe", "\U0001d54f"])
def test_text_that_one_database_takes_the_other_takes_too(
    asks: Caller, anyone: Casting, text: str
) -> None:
    body = a_request("access", anyone(), "directory", note=text)
    answer = asks.post("/v1/requests", body, key=str(uuid.uuid4()))
    assert answer.status_code in {202, 400, 422}, answer.text
    assert asks.http.get("/v1/requests/a%00b").status_code in {400, 404}
    assert json.loads(answer.content)
