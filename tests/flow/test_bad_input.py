"""What is wrong is said so, where it is wrong, without repeating it; and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest

from avgate_mocks.people import Role

from .conftest import Casting
from .harness import IDENTITY, Caller, JsonMap, Mocks, Served, a_request
from .indoors import indoors

MARKER = "Zq7Marker"
PASSPORT = (
    "P<NLDZQ7MARKER<<TEST<<<<<<<<<<<<<<<<<<<<<<<<SPECI20142NLD6503101F2401151999999990<<<<<84"
)


def body_with(**changes: object) -> JsonMap:
    kinds = [{"kind": "email", "value": "somebody@example.org"}]
    return {"operation": "access", "subject": {"identifiers": kinds}, **changes}


def corrected(field: str, after: str, before: str | None = None) -> JsonMap:
    return body_with(operation="rectify", changes=[{"field": field, "from": before, "to": after}])


def known_as(kind: str, value: str, **more: object) -> JsonMap:
    return body_with(subject={"identifiers": [{"kind": kind, "value": value, **more}]})


BAD: dict[str, JsonMap] = {
    "unknown connector": body_with(scope={"connectors": [MARKER]}),
    "unknown category": body_with(scope={"categories": [MARKER]}),
    "unknown field": body_with(**{MARKER: 1}),
    "unknown field deep inside": known_as("email", "a@example.org", surprise=MARKER),
    "unknown operation": body_with(operation=MARKER),
    "phone that is none": known_as("phone", MARKER),
    "phone too short": known_as("phone", "+3161"),
    "phone a digit too short": known_as("phone", "+3161234567"),
    "phone with letters": known_as("phone", f"+31612345678{MARKER}"),
    "email that is none": known_as("email", f"{MARKER}@"),
    "customer id that climbs": known_as("customer_id", ".."),
    "customer id with a path": known_as("customer_id", f"../{MARKER}"),
    "customer id with a slash": known_as("customer_id", f"C/{MARKER}"),
    "customer id with a query": known_as("customer_id", f"C?{MARKER}=1"),
    "xelion id that climbs": known_as("xelion_id", "../.."),
    "ip that is none": known_as("ip", MARKER),
    "nobody at all": body_with(subject={"identifiers": []}),
    "NUL": known_as("customer_id", f"C\x00{MARKER}"),
    "NUL in a note": body_with(note=f"{MARKER}\x00"),
    "citizen service number in a note": body_with(note=f"{MARKER} BSN 111222333"),
    "citizen service number in a name": body_with(
        subject={
            "identifiers": [{"kind": "email", "value": "a@example.org"}],
            "name": "burgerservicenummer 111222333",
        }
    ),
    "text for a number": body_with(subject={"identifiers": 1}),
    "a number for text": body_with(note=5),
    "changes without rectifying": body_with(changes=[{"field": "address.city", "to": MARKER}]),
    "rectifying without changes": body_with(operation="rectify"),
    "an unknown field to rectify": body_with(
        operation="rectify", changes=[{"field": MARKER, "to": "x"}]
    ),
    "a field twice": body_with(
        operation="rectify",
        changes=[{"field": "address.city", "to": "A"}, {"field": "address.city", "to": "B"}],
    ),
    "days the wrong way round": known_as(
        "phone", "+31612345678", valid_from="2026-02-01", valid_until="2026-01-01"
    ),
    "a day that is none": known_as("phone", "+31612345678", valid_from="2026-02-30"),
    "identity without a zone": body_with(
        identity={**IDENTITY, "verified_at": "2026-01-05T10:00:00"}
    ),
    "an identity verified before the first moment of UTC": body_with(
        identity={**IDENTITY, "verified_at": "0001-01-01T00:00:00+14:00"}
    ),
    "an identity verified at a number": body_with(identity={**IDENTITY, "verified_at": 0}),
    "an identity that is verified in the future": body_with(
        identity={**IDENTITY, "verified_at": "2099-01-05T10:00:00Z"}
    ),
    "a callback that is no address": body_with(callback_url=f"ftp://{MARKER}"),
    "citizen service number in a callback": body_with(
        callback_url=f"https://{MARKER}.example/?q=burgerservicenummer=111222333"
    ),
    "a passport's lines in a callback": body_with(callback_url=f"https://a.example/?q={PASSPORT}"),
    "citizen service number as the old value": corrected("address.city", "B", "BSN 111222333"),
    "citizen service number as the new value": corrected("address.city", "BSN 111222333"),
    "a passport's lines as the old value": corrected("name.family", "Jansen", PASSPORT),
    "a passport's lines as the new value": corrected("name.family", PASSPORT),
    "a bank account whose check digits are wrong": corrected("bank_account", "NL00ABNA0417164300"),
    "a new value of two lines": corrected("name.family", f"{MARKER}\nNaam"),
    "a new value with a tab": corrected("address.street", f"{MARKER}\tlaan"),
    "a new value that ends its line": corrected("email", "a@example.org\r\n"),
    "a new value with a C1 control character": corrected("address.city", f"{MARKER}\x85"),
    "a new value that turns the direction round": corrected("name.given", f"{MARKER}\u202e"),
    "a name without a letter": corrected("name.family", ", "),
    "a house number without a digit": corrected("address.number", "bis"),
    "a postcode without a digit": corrected("address.postcode", "QQQQQQQ"),
    "spaces as the new value": corrected("address.city", "  "),
    "an identity verified by spaces": body_with(identity={**IDENTITY, "verified_by": "  "}),
    "an identity verified in no way": body_with(identity={**IDENTITY, "method": "  "}),
    "a correction that changes nothing": corrected("address.city", MARKER, MARKER),
}


def refused(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert {"type", "title", "detail"} <= told.keys()
    assert MARKER not in answer.text
    assert "111222333" not in answer.text


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_refused_without_repeating_it(name: str, asks: Caller) -> None:
    answer = asks.post("/v1/requests", BAD[name], key=str(uuid.uuid4()))
    refused(answer, 422)
    assert "NUL" in name or answer.json()["errors"], "it must say where"


def test_a_bank_account_whose_check_digits_are_right_is_taken(asks: Caller) -> None:
    answer = asks.post(
        "/v1/requests", corrected("bank_account", "NL91 ABNA 0417 1643 00"), key=str(uuid.uuid4())
    )
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "days", [{"valid_from": "0001-01-01"}, {"valid_until": "9999-12-31"}], ids=str
)
def test_the_first_and_the_last_day_of_all_are_days(days: dict[str, str], asks: Caller) -> None:
    body = {**known_as("phone", "+31612345678", **days), "identity": IDENTITY}
    shown = asks.submit(body, prefer="wait=20")
    assert shown["state"] in {"closed", "waiting"}
    assert "failed" not in {part["outcome"] for part in shown["connectors"]}


def test_an_identity_is_not_verified_in_the_future_later_on_either(asks: Caller) -> None:
    request_id = asks.submit(body_with())["id"]
    url = f"/v1/requests/{request_id}/identity"
    refused(asks.post(url, {**IDENTITY, "verified_at": "2099-01-05T10:00:00Z"}), 422)
    assert asks.request(request_id)["waiting_for"] == "identity"


RAW: dict[str, tuple[bytes, str, int]] = {
    "a lone surrogate": (
        b'{"operation": "access", "note": "\\ud800Zq7Marker"}', "application/json", 422
    ),
    "an object cut short": (b'{"operation": "Zq7Marker', "application/json", 400),
    "bytes that are no UTF-8": (b'{"note": "Zq7Marker\xff"}', "application/json", 400),
    "UTF-16": (json.dumps(body_with()).encode("utf-16"), "application/json", 400),
    "a member twice": (
        b'{"operation": "access", "operation": "Zq7Marker"}', "application/json", 400
    ),
    "a number without end": (b'{"note": 1e999, "x": "Zq7Marker"}', "application/json", 400),
    "not a number": (b'{"note": NaN}', "application/json", 400),
    "sixty thousand brackets": (b"[" * 60_000, "application/json", 400),
    "a list": (b'["Zq7Marker"]', "application/json", 422),
    "nothing": (b"", "application/json", 422),
    "a form": (b"operation=Zq7Marker", "application/x-www-form-urlencoded", 415),
    "more than is read": (b'{"note": "' + b"x" * 70_000 + b'"}', "application/json", 413),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_request_at_all_is_refused(name: str, asks: Caller) -> None:
    content, media_type, status = RAW[name]
    headers = {"idempotency-key": str(uuid.uuid4()), "content-type": media_type}
    answer = asks.http.post("/v1/requests", content=content, headers=headers)
    refused(answer, status, 400 if status == 422 else status)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=1000000000", "cursor=Zq7Marker",
                                   "state=Zq7Marker", "Zq7Marker=1", "limit=1&limit=2"])  # fmt: skip
def test_a_list_asked_for_wrongly_is_refused(query: str, asks: Caller) -> None:
    refused(asks.http.get(f"/v1/requests?{query}"), 400, 422)


@pytest.mark.parametrize("cursor", [str(2**63), "9" * 400, "-1", "1e3", "Zq7Marker"])
def test_a_place_that_no_chain_has_is_refused(cursor: str, asks: Caller) -> None:
    refused(asks.http.get(f"/v1/audit?cursor={cursor}"), 400, 422)


def test_behind_the_end_of_the_chain_there_is_nothing(asks: Caller) -> None:
    assert asks.get(f"/v1/audit?cursor={2**63 - 1}") == {"items": [], "next": None}


@pytest.mark.parametrize(
    "path", ["/v1/requests/..", "/v1/requests/%2e%2e/plan", "/v1/requests/Zq7Marker", "/Zq7Marker"]
)
def test_what_is_not_there_is_not_found(path: str, asks: Caller) -> None:
    refused(asks.http.get(path), 400, 404)


def test_a_misspelt_key_in_the_config_ends_the_start_with_one_line_that_helps(
    mocks: Mocks, tmp_path: Path
) -> None:
    text = mocks.config.read_text().replace("answer_within_days", "anwser_within_days", 1)
    (tmp_path / "avgate.toml").write_text(text)
    avgate = Path(sys.executable).with_name("avgate")
    ended = subprocess.run(  # noqa: S603 -- our own command
        [avgate, "serve", "--config", "avgate.toml", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    [line] = ended.stderr.strip().splitlines()
    assert "anwser_within_days" in line
    assert "answer_within_days" in line


def test_an_upstream_that_answers_with_a_page_is_waited_for_and_nothing_is_lost(
    mocks: Mocks, asks: Caller, anyone: Casting
) -> None:
    person = anyone(runs=True, held_by=("directory", "xelion"))
    mocks.plant("directory", {"fault": "html_200", "method": "GET", "times": 2})
    shown = asks.submit(a_request("access", person, "directory", "xelion"), prefer="wait=30")
    assert shown["state"] == "closed"
    assert {one["outcome"] for one in shown["connectors"]} == {"completed"}
    assert not mocks.left("directory")


async def test_an_upstream_that_only_has_pages_is_a_persons_to_look_into(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        await here.plant("directory", {"fault": "html_200", "times": 10_000})
        body = a_request("access", here.person(Role.RUNNING), "directory")
        request_id = await here.submit(body)
        shown = await here.until(request_id)
        [connector] = shown["connectors"]
        assert (shown["waiting_for"], connector["outcome"]) == ("person", "failed")
        assert connector["reason_code"] == "contract_broken"
        assert "zo terug" not in str(shown)
        await here.plant("directory")
        await here.caller().post(f"/v1/requests/{request_id}/retry", json={})
        shown = await here.until(request_id, "closed")
        assert shown["connectors"][0]["outcome"] == "completed"
        assert not (await here.get("/v1/tasks?state=open"))["items"]


def test_no_log_line_names_anybody(served: Served, mocks: Mocks) -> None:
    log = served.log()
    assert MARKER not in log
    for person in mocks.everyone:
        values = [i.value for i in person.identifiers() if i.kind != "xelion_id"]
        assert not [value for value in values if value in log]
