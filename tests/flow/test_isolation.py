"""Each controller sees only its own, and each client does only what it may."""

from __future__ import annotations

import uuid

import httpx
import pytest

from avgate_gateway.authentication import Scope
from avgate_mocks.loopback import NO_TLS

from .conftest import Casting
from .harness import IDENTITY, Caller, Office, Served, a_request

READ = ("", "/plan", "/report", "/evidence", "/package", "/events")
DECISIONS = {
    "/identity": IDENTITY,
    "/approval": {"plan_digest": "0" * 64, "decision": "approve"},
    "/cancel": {},
    "/retry": {},
    "/extension": {"reason": "many systems"},
}


@pytest.fixture(scope="module")
def erasure(office: Office, anyone: Casting) -> str:
    """An erasure that waits for approval."""
    request_id, _ = office.planned(a_request("erase", anyone(runs=True), "operator"))
    return request_id


@pytest.fixture(scope="module")
def access(asks: Caller, anyone: Casting) -> str:
    body = a_request("access", anyone(), "directory")
    return str(asks.submit(body, prefer="wait=20")["id"])


@pytest.mark.parametrize("part", READ)
def test_another_controller_finds_nothing_to_read(
    part: str, erasure: str, access: str, stranger: Caller
) -> None:
    for request_id in (erasure, access):
        answer = stranger.http.get(f"/v1/requests/{request_id}{part}")
        assert answer.status_code == 404
        assert answer.content == stranger.http.get(f"/v1/requests/{uuid.uuid4()}{part}").content


@pytest.mark.parametrize("part", DECISIONS)
def test_another_controller_finds_nothing_to_decide(
    part: str, erasure: str, stranger: Caller, asks: Caller
) -> None:
    before = asks.request(erasure)
    answer = stranger.post(f"/v1/requests/{erasure}{part}", DECISIONS[part])
    assert answer.status_code == 404
    assert asks.request(erasure) == before


def test_lists_tasks_and_the_audit_show_only_what_is_ones_own(
    erasure: str, access: str, stranger: Caller, asks: Caller
) -> None:
    listed = stranger.get("/v1/requests?limit=200")["items"]
    assert not [one for one in listed if one["controller"] != "mister-voip"]
    assert not {erasure, access} & {one["id"] for one in listed}
    assert {e["controller"] for e in stranger.get("/v1/audit?limit=1000")["items"]} <= {
        "mister-voip"
    }
    own = stranger.get("/v1/tasks?limit=200")["items"]
    assert not {one["id"] for one in own} & {one["id"] for one in asks.get("/v1/tasks")["items"]}


def test_a_place_in_anothers_list_gives_nothing_of_theirs(
    erasure: str, access: str, stranger: Caller, asks: Caller
) -> None:
    for path in ("/v1/requests?", "/v1/tasks?", "/v1/audit?"):
        page = asks.get(f"{path}limit=1")
        if page["next"] is None:
            continue
        found = stranger.get(f"{path}limit=200&cursor={page['next']}")["items"]
        own = stranger.get(f"{path}limit=200")["items"]
        assert {str(one) for one in found} <= {str(one) for one in own}, path
        assert not {erasure, access} & {str(one.get("request_id", one.get("id"))) for one in found}


def test_the_id_of_anothers_event_gives_nothing_of_theirs(
    access: str, stranger: Caller, anyone: Casting
) -> None:
    own = stranger.submit(a_request("object", anyone()), prefer="wait=20")["id"]
    for last in ("0", "1", str(2**62)):
        told = stranger.http.get(f"/v1/requests/{own}/events", headers={"last-event-id": last})
        assert told.status_code == 200
        assert access not in told.text
    theirs = stranger.http.get(f"/v1/requests/{access}/events", headers={"last-event-id": "0"})
    assert theirs.status_code == 404


def test_another_controller_cannot_complete_ones_task(
    office: Office, stranger: Caller, anyone: Casting
) -> None:
    request_id = office.carry_out(a_request("erase", anyone(runs=True), "xelion"))
    task = office.asks.tasks(request_id)[0]
    told = {"evidence": "seen to"}
    assert stranger.post(f"/v1/tasks/{task['id']}/completion", told).status_code == 404
    assert task in office.asks.tasks(request_id)


def test_another_controllers_customer_is_nobody_here(stranger: Caller, anyone: Casting) -> None:
    shown = stranger.submit(a_request("access", anyone()), prefer="wait=30")
    shown = stranger.when_ended(shown["id"])
    words = {one["outcome"] for one in shown["connectors"]}
    assert words == {"nothing_held"}, shown["connectors"]


@pytest.fixture(scope="module")
def limited(served: Served) -> dict[str, Caller]:
    """One client for each scope, which holds that scope alone."""
    return {s.value: served.caller("libervoice", f"only-{s.value}", [s]) for s in Scope}


@pytest.mark.parametrize("operation", ["access", "rectify", "erase", "export"])
def test_each_operation_has_a_scope_of_its_own(
    operation: str, limited: dict[str, Caller], anyone: Casting
) -> None:
    changes = [{"field": "address.city", "to": "Doesburg"}] if operation == "rectify" else None
    body = a_request(operation, anyone(), "directory", identity=None, changes=changes)
    for name, caller in limited.items():
        answer = caller.post("/v1/requests", body, key=str(uuid.uuid4()))
        assert answer.status_code == (202 if name == f"requests:{operation}" else 403), name


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/tasks", "/v1/audit", "/v1/connectors"])
def test_nobody_gets_in_without_a_token(path: str, served: Served) -> None:
    answer = httpx.get(served.base + path, verify=NO_TLS)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
