"""One key, one request, one set of effects, however often it is sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from .conftest import Casting
from .harness import Caller, JsonMap, Mocks, Office, Served, a_request, until


@pytest.fixture
def body(anyone: Casting) -> JsonMap:
    return a_request("access", anyone(), "subprocessors", identity=None)


def send(caller: Caller, body: object, key: str | None) -> httpx.Response:
    return caller.post("/v1/requests", body, key=key)


def kind(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).rsplit("/", 1)[1]


def test_a_request_without_a_key_is_refused_and_told_where_to_read(
    asks: Caller, body: JsonMap
) -> None:
    answer = send(asks, body, None)
    assert (answer.status_code, kind(answer)) == (400, "idempotency-key-required")
    assert 'rel="describedby"' in answer.headers["link"]


@pytest.mark.parametrize("key", ["", '""', "with space", "x" * 256, '"' + "x" * 256 + '"', 'a"b'])
def test_a_key_that_is_none_is_refused(asks: Caller, body: JsonMap, key: str) -> None:
    answer = send(asks, body, key)
    assert answer.status_code == 400
    assert kind(answer) in {"idempotency-key-malformed", "idempotency-key-required"}


@pytest.mark.parametrize("length", [1, 255])
def test_the_shortest_and_the_longest_key_are_taken(
    asks: Caller, body: JsonMap, length: int
) -> None:
    key = "k" * length
    assert send(asks, body, key).status_code == 202


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(
    asks: Caller, body: JsonMap
) -> None:
    key = str(uuid.uuid4())
    first, second = send(asks, body, key), send(asks, body, key)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


def test_a_quoted_key_is_the_same_as_a_bare_one(asks: Caller, body: JsonMap) -> None:
    key = str(uuid.uuid4())
    assert send(asks, body, f'"{key}"').json()["id"] == send(asks, body, key).json()["id"]


def test_the_same_key_with_another_body_is_refused(
    asks: Caller, body: JsonMap, anyone: Casting
) -> None:
    key = str(uuid.uuid4())
    send(asks, body, key)
    answer = send(asks, a_request("access", anyone(), identity=None), key)
    assert (answer.status_code, kind(answer)) == (422, "idempotency-key-reused")


def test_the_spelling_of_the_json_makes_no_difference(asks: Caller, body: JsonMap) -> None:
    key = str(uuid.uuid4())
    first = send(asks, body, key)
    turned = dict(reversed(list(body.items())))
    spelled = json.dumps(turned, indent=3, ensure_ascii=True).replace("access", "\\u0061ccess")
    second = asks.http.post(
        "/v1/requests",
        content=spelled,
        headers={"idempotency-key": key, "content-type": "application/json"},
    )
    assert second.content == first.content


def test_another_client_and_another_controller_have_keys_of_their_own(
    served: Served, office: Office, stranger: Caller, body: JsonMap
) -> None:
    key = str(uuid.uuid4())
    answers = [send(one, body, key) for one in (office.asks, office.approves, stranger)]
    assert [one.status_code for one in answers] == [202, 202, 202]
    assert len({one.json()["id"] for one in answers}) == 3


def test_what_was_refused_may_be_corrected_under_the_same_key(asks: Caller, body: JsonMap) -> None:
    key = str(uuid.uuid4())
    assert send(asks, {**body, "operation": "vanish"}, key).status_code == 422
    answer = send(asks, body, key)
    assert answer.status_code == 202
    assert "idempotent-replayed" not in answer.headers


def test_a_stored_answer_names_nobody(asks: Caller, anyone: Casting) -> None:
    person, key = anyone(), str(uuid.uuid4())
    body = a_request("access", person, "directory", identity=None)
    for answer in (send(asks, body, key), send(asks, body, key)):
        assert not [i.value for i in person.identifiers() if i.value in answer.text]


def test_a_hundred_at_once_are_one_request_with_one_set_of_effects(
    served: Served, office: Office, mocks: Mocks, anyone: Casting
) -> None:
    person, key = anyone(runs=True), str(uuid.uuid4())
    body = a_request("erase", person, "directory", "operator")
    before = {name: mocks.holds(name)[person.id] for name in ("directory", "operator")}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: send(office.asks, body, key), range(100)))
    assert {one.status_code for one in answers} <= {202, 409}
    accepted = [one for one in answers if one.status_code == 202]
    assert len({one.content for one in accepted}) == 1
    assert len([one for one in accepted if "idempotent-replayed" not in one.headers]) == 1
    assert all(one.headers["retry-after"] for one in answers if one.status_code == 409)
    office.see_through(accepted[0].json()["id"])
    assert before != {name: mocks.holds(name)[person.id] for name in before}
    assert not mocks.twice(person.id)
    orders = [e for e in mocks.effects("directory", person.id) if e["kind"] == "order"]
    assert len(orders) <= len(person.lines)


def test_whoever_prefers_to_wait_gets_the_closed_request_and_its_repetition_too(
    asks: Caller, anyone: Casting
) -> None:
    key, body = str(uuid.uuid4()), a_request("access", anyone(), "directory")
    first = asks.post("/v1/requests", body, key=key, prefer="wait=30, respond-async")
    assert (first.status_code, first.json()["state"]) == (200, "closed")
    assert first.headers["preference-applied"] == "wait=30"
    assert "prefer" in first.headers["vary"].lower()
    assert send(asks, body, key).content == first.content


def test_whoever_prefers_to_wait_too_briefly_gets_what_there_is(
    asks: Caller, anyone: Casting, slow: None
) -> None:
    body = a_request("access", anyone(), "directory")
    answer = asks.post("/v1/requests", body, key=str(uuid.uuid4()), prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    assert asks.when_ended(answer.json()["id"])["state"] == "closed"


@pytest.fixture
def slow(mocks: Mocks) -> Iterator[None]:
    rule = {"fault": "throttle_seconds", "seconds": 3, "times": 1}
    mocks.plant("directory", rule)
    yield
    assert not mocks.left("directory")


def test_while_the_first_still_waits_for_its_answer_nobody_is_given_another(
    asks: Caller, body: JsonMap
) -> None:
    def newest() -> str:
        return str(asks.http.get("/v1/requests?limit=1").json()["items"][0]["id"])

    key, before = str(uuid.uuid4()), newest() if asks.submit(body) else ""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asks.post, "/v1/requests", body, key=key, prefer="wait=3")
        until(lambda: newest() != before)
        early = send(asks, body, key)
        answer = first.result()
    assert (early.status_code, kind(early)) == (409, "idempotency-key-in-use")
    assert early.headers["retry-after"] == "1"
    again = send(asks, body, key)
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
