"""Nothing is asked of any upstream before somebody's identity was verified, whatever the path."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Role

from .conftest import CONNECTORS
from .harness import IDENTITY, a_request
from .indoors import Indoors, indoors

CHANGE = [{"field": "address.street", "to": "Nieuweweg"}]


async def told(here: Indoors, request_id: str, path: str, body: object = None) -> int:
    url = f"/v1/requests/{request_id}/{path}"
    return (await here.caller("colleague").post(url, json=body)).status_code


@pytest.mark.parametrize("operation", ["access", "export", "rectify", "erase"])
async def test_no_path_leads_past_an_unverified_identity(operation: str, tmp_path: Path) -> None:
    async with indoors(tmp_path, CONNECTORS) as here:
        more = {"changes": CHANGE} if operation == "rectify" else {}
        person = here.person(Role.RUNNING)
        body, key = a_request(operation, person, identity=None, **more), str(uuid4())
        headers = {"idempotency-key": key}
        first = await here.caller().post("/v1/requests", json=body, headers=headers)
        request_id = first.json()["id"]
        assert (first.json()["state"], first.json()["waiting_for"]) == ("waiting", "identity")
        again = await here.caller().post("/v1/requests", json=body, headers=headers)
        assert again.json()["id"] == request_id
        assert await told(here, request_id, "retry") == 409
        assert await told(here, request_id, "retry", {"connector": CONNECTORS[0]}) == 409
        approval = {"plan_digest": "0" * 64, "decision": "approve"}
        assert await told(here, request_id, "approval", approval) == 409
        assert await told(here, request_id, "extension", {"reason": "many systems"}) == 200
        await here.let_pass(days=3)
        assert here.calls == []
        assert (await here.request(request_id))["waiting_for"] == "identity"


async def test_a_duplicate_of_a_verified_request_stays_behind_its_own_gate(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        await here.carry_out(a_request("access", person))
        seen = len(here.calls)
        request_id = await here.submit(a_request("access", person, identity=None))
        await here.let_pass(days=1)
        assert (await here.request(request_id))["waiting_for"] == "identity"
        assert len(here.calls) == seen


async def test_verifying_identity_sets_the_request_going(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("access", person, identity=None))
        assert await told(here, request_id, "identity", IDENTITY) == 200
        shown = await here.until(request_id)
        assert shown["state"] == "closed"
        assert shown["identity"]["method"] == "portal"
        assert here.calls


async def test_verifying_identity_the_same_way_twice_is_the_same_as_once(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request("erase", here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        assert await told(here, request_id, "identity", IDENTITY) == 200
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert await told(here, request_id, "identity", IDENTITY) == 200
        other = {**IDENTITY, "method": "desk"}
        assert await told(here, request_id, "identity", other) == 409
        assert (await here.request(request_id))["waiting_for"] == "approval"
        assert (await here.events(request_id)).count("identity.verified") == 1


async def test_verifying_identity_needs_the_right_to_the_operation(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request("erase", here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        reader = here.caller("reader", scopes=[Scope.READ, Scope.ACCESS, Scope.APPROVE])
        answer = await reader.post(f"/v1/requests/{request_id}/identity", json=IDENTITY)
        assert answer.status_code == 403
        await here.let_pass(days=1)
        assert here.calls == []
