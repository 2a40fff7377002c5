"""Events on their way from a change of state to somebody's server, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.flow.harness import a_request
from tests.flow.indoors import Indoors, indoors
from tests.gateway.receiver import Receiver

from avgate_gateway.store.delivery_schema import delivery
from avgate_mocks.people import Role

from .outward import of, send, sent, submitted

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_access_is_told_from_beginning_to_end(here: Indoors, crm: Receiver) -> None:
    request_id = await here.carry_out(a_request("access", here.person(Role.RUNNING), "directory"))
    await send(here)
    told = of(crm, request_id)
    assert [one["type"] for one in told] == [
        "request.received",
        "request.running",
        "connector.settled",
        "request.closed",
    ]
    assert [one["data"]["state"] for one in told] == ["received", "running", "running", "closed"]
    versions = [one["data"]["version"] for one in told]
    assert versions == sorted(versions)
    assert told[2]["data"] | {"connector": "directory", "result": "done"} == told[2]["data"]
    assert [one["type"] for one in of(crm, request_id, "/closings")] == ["request.closed"]
    assert {one["state"] for one in await sent(here, request_id=request_id)} == {"delivered"}


async def test_an_erasure_tells_whom_it_waits_for_and_what_people_did(
    here: Indoors, crm: Receiver
) -> None:
    body = a_request("erase", here.person(Role.RUNNING), "subprocessors", identity=None)
    request_id = await here.submit(body)
    identity = {"method": "portal", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
    answer = await here.caller().post(f"/v1/requests/{request_id}/identity", json=identity)
    assert answer.status_code == 200
    await here.until(request_id)
    await here.decide(request_id)
    await here.until(request_id, "person")
    reason = {"reason": "many systems"}
    await here.caller().post(f"/v1/requests/{request_id}/extension", json=reason)
    tasks = [
        t
        for t in (await here.get("/v1/tasks?state=open"))["items"]
        if t["request_id"] == request_id
    ]
    for task in tasks:
        done = {"evidence": "seen to"}
        await here.caller().post(f"/v1/tasks/{task['id']}/completion", json=done)
    await here.until(request_id, "closed")
    await send(here)
    told = of(crm, request_id)
    waits = [one["data"]["waiting_for"] for one in told if one["type"] == "request.waiting"]
    assert [word for word in waits if word != "upstream"][:2] == ["approval", "person"]
    assert told[0]["data"]["waiting_for"] == "identity"
    types = [one["type"] for one in told]
    for word in ("request.identified", "request.running", "connector.settled", "request.extended"):
        assert word in types, types
    opened = {one["data"]["task_id"] for one in told if one["type"] == "task.opened"}
    completed = {one["data"]["task_id"] for one in told if one["type"] == "task.completed"}
    assert opened >= completed == {task["id"] for task in tasks}
    assert types[-1] == "request.closed"


async def test_no_body_names_a_person(here: Indoors, crm: Receiver) -> None:
    person = here.person(Role.RUNNING)
    await here.erased(person, "directory", "subprocessors")
    await send(here)
    everything = b"".join(one.body for one in crm.came).decode()
    assert everything
    values = {one.value for one in person.identifiers()}
    assert not [value for value in values if value in everything]
    allowed = {"request_id", "operation", "state", "waiting_for", "version", "connector", "result",
               "code", "closing", "task_id", "due", "count", "until"}  # fmt: skip
    assert {name for one in crm.came for name in one.told["data"]} <= allowed


async def test_nothing_is_written_for_a_controller_without_an_endpoint(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as plain:
        await plain.carry_out(a_request("access", plain.person(Role.RUNNING)))
        async with plain.assembled.context.database.read() as db:
            rows = (await db.execute(sa.select(sa.func.count()).select_from(delivery))).scalar_one()
        assert rows == 0
        assert (await submitted(plain, "https://crm.example/called")).status_code == 422
