"""What callers read while and after: events that go on where they broke off, tags, pages."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx

from .conftest import Casting
from .harness import Caller, JsonMap, Mocks, Office, a_request
from .indoors import indoors


def events(answer: httpx.Response) -> list[tuple[int, str]]:
    found, sequence = [], 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            sequence = int(line.removeprefix("id: "))
        if line.startswith("event: "):
            found.append((sequence, line.removeprefix("event: ")))
    return found


def streamed(caller: Caller, request_id: str, after: int | None = None) -> list[tuple[int, str]]:
    headers = {} if after is None else {"last-event-id": str(after)}
    with caller.http.stream("GET", f"/v1/requests/{request_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return events(answer)


def test_events_are_told_as_they_happen_and_end_with_the_request(
    asks: Caller, anyone: Casting
) -> None:
    request_id = asks.submit(a_request("access", anyone(), "directory"))["id"]
    told = streamed(asks, request_id)
    assert [name for _, name in told] == asks.events(request_id)
    assert [name for _, name in told][-1] == "request.closed"


def test_events_go_on_after_the_last_one_that_was_heard(asks: Caller, anyone: Casting) -> None:
    shown = asks.submit(a_request("access", anyone(), "directory"), prefer="wait=20")
    told = streamed(asks, shown["id"])
    assert len(told) >= 3
    assert streamed(asks, shown["id"], told[1][0]) == told[2:]
    assert streamed(asks, shown["id"], told[-1][0]) == []


def test_an_answer_that_is_known_already_is_not_sent_again(asks: Caller, anyone: Casting) -> None:
    request_id = asks.submit(a_request("access", anyone(), "directory"), prefer="wait=20")["id"]
    for part in ("", "/report"):
        url = f"/v1/requests/{request_id}{part}"
        first = asks.http.get(url)
        again = asks.http.get(url, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert asks.http.get(url, headers={"if-none-match": '"other"'}).status_code == 200


def test_every_change_has_a_tag_of_its_own(office: Office, anyone: Casting) -> None:
    request_id, plan = office.planned(a_request("erase", anyone(runs=True), "operator"))
    url = f"/v1/requests/{request_id}"
    before = office.asks.http.get(url).headers["etag"]
    office.approve(request_id, plan["digest"])
    assert office.asks.http.get(url).headers["etag"] != before


def test_answers_about_people_are_kept_by_nobody(asks: Caller, anyone: Casting) -> None:
    request_id = asks.submit(a_request("access", anyone(), "directory"), prefer="wait=20")["id"]
    for part in ("", "/report", "/evidence", "/package"):
        answer = asks.http.get(f"/v1/requests/{request_id}{part}")
        assert "no-store" in answer.headers["cache-control"], part


def test_what_is_due_until_the_last_day_of_the_calendar_is_all(
    asks: Caller, anyone: Casting
) -> None:
    own = asks.submit(a_request("access", anyone(), "directory", identity=None))["id"]
    for due in ("9999-12-31", "9999-12-30"):
        assert asks.get(f"/v1/requests?due={due}&limit=1")["items"][0]["id"] == own


def test_pages_hold_every_request_once_and_newest_first(asks: Caller, anyone: Casting) -> None:
    made = [
        asks.submit(a_request("access", anyone(), "directory", identity=None))["id"]
        for _ in range(7)
    ]
    found: list[JsonMap] = []
    cursor = ""
    while True:
        page = asks.get(f"/v1/requests?limit=3{cursor}")
        assert len(page["items"]) <= 3
        found.extend(page["items"])
        if page["next"] is None or len(found) > 1000:
            break
        cursor = f"&cursor={page['next']}"
    ids = [one["id"] for one in found]
    assert len(ids) == len(set(ids))
    assert [one for one in ids if one in made] == list(reversed(made))
    moments = [one["received_at"] for one in found]
    assert moments == sorted(moments, reverse=True)


def test_a_list_shows_what_was_asked_for(asks: Caller, anyone: Casting) -> None:
    body = a_request("export", anyone(), "subprocessors", identity=None)
    made = asks.submit(body)
    for query, holds in {
        "state=waiting": True,
        "state=closed": False,
        "operation=export": True,
        "operation=erase": False,
        "connector=subprocessors": True,
        "connector=xelion": False,
        f"reference={made['subject']['reference']}": True,
        f"reference={uuid.uuid4()}": False,
        "due_before=2000-01-01": False,
        "due_before=2100-01-01": True,
    }.items():
        listed = asks.get(f"/v1/requests?limit=200&{query}")["items"]
        assert (made["id"] in {one["id"] for one in listed}) == holds, query


def test_one_person_has_one_reference_however_they_are_written(asks: Caller) -> None:
    numbers = ["+31612345678", "06 12345678", "0031 6 1234 5678"]
    references = set()
    for number in numbers:
        body = {
            "operation": "access",
            "subject": {"identifiers": [{"kind": "phone", "value": number}]},
        }
        references.add(asks.submit(body)["subject"]["reference"])
    assert len(references) == 1


def test_an_extension_is_told_once_with_its_reason(asks: Caller, anyone: Casting) -> None:
    made = asks.submit(a_request("access", anyone(), identity=None))
    url = f"/v1/requests/{made['id']}/extension"
    first = asks.post(url, {"reason": "many systems"})
    assert first.status_code == 200
    due = first.json()["due"]
    assert due["extended"] > due["legal"] >= due["promised"]
    assert asks.post(url, {"reason": "many systems"}).status_code == 200
    assert asks.post(url, {"reason": "no time"}).status_code == 409
    assert asks.post(url, {}).status_code == 422


def test_what_is_withdrawn_in_time_is_withdrawn_once(office: Office, anyone: Casting) -> None:
    request_id, plan = office.planned(a_request("erase", anyone(runs=True), "operator"))
    for _ in range(2):
        answer = office.asks.post(f"/v1/requests/{request_id}/cancel")
        assert (answer.status_code, answer.json()["closing"]) == (200, "cancelled")
    body = {"plan_digest": plan["digest"], "decision": "approve"}
    answer = office.approves.post(f"/v1/requests/{request_id}/approval", body)
    assert answer.status_code == 409
    assert office.asks.events(request_id).count("request.cancelled") == 1


def test_what_is_carried_out_already_cannot_be_withdrawn(office: Office, anyone: Casting) -> None:
    request_id, plan = office.planned(a_request("erase", anyone(runs=True), "operator"))
    office.approve(request_id, plan["digest"])
    assert office.asks.post(f"/v1/requests/{request_id}/cancel").status_code == 409
    office.see_through(request_id)
    assert office.asks.post(f"/v1/requests/{request_id}/cancel").status_code == 409


def test_a_connector_that_waits_is_tried_at_once_on_retry(
    mocks: Mocks, asks: Caller, anyone: Casting
) -> None:
    mocks.plant("directory", {"fault": "throttle_seconds", "seconds": 3600, "times": 1})
    request_id = asks.submit(a_request("access", anyone(), "directory"))["id"]
    [connector] = asks.when(request_id, "upstream")["connectors"]
    assert connector["next_attempt_at"]
    assert asks.post(f"/v1/requests/{request_id}/retry").status_code == 200
    [connector] = asks.when(request_id, "closed", seconds=15)["connectors"]
    assert connector["outcome"] in {"completed", "nothing_held"}


async def test_the_register_is_given_in_a_form_that_the_caller_takes(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("subprocessors",)) as here:

        async def told(accept: str) -> tuple[int, str]:
            headers = {"accept": accept}
            answer = await here.caller().get("/v1/processors", headers=headers)
            return answer.status_code, answer.headers["content-type"].partition(";")[0]

        assert await told("*/*") == (200, "application/json")
        assert await told("text/csv") == (200, "text/csv")
        assert await told("image/png") == (406, "application/problem+json")
