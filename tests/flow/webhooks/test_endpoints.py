"""Endpoints and their deliveries as staff see them, try them, and set them going again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.flow.harness import a_request
from tests.flow.indoors import Indoors
from tests.gateway.receiver import FORMER, PAIR, SECRET, Receiver

from avgate_gateway.authentication import Scope
from avgate_gateway.store import evidence
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.webhooks.signing import public_keys
from avgate_mocks.people import Role

from .outward import post, send, sent

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_server_that_fails_is_listed_with_each_attempt(
    here: Indoors, crm: Receiver
) -> None:
    crm.answers += [500] * 20
    request_id = await here.submit(a_request("restrict", here.person(Role.RUNNING)))
    await send(here)
    failed = await sent(here, request_id=request_id, endpoint="crm")
    assert {one["state"] for one in failed} == {"waiting"}
    assert all(one["attempts"][0]["status"] == 500 for one in failed)
    crm.answers.clear()
    await here.let_pass(seconds=7)
    await send(here)
    done = await sent(here, request_id=request_id, endpoint="crm", state="delivered")
    assert {one["id"] for one in done} == {one["id"] for one in failed}
    assert [one["number"] for one in done[0]["attempts"]] == [1, 2]
    assert await sent(here, request_id=request_id, state="waiting") == []


async def test_deliveries_are_listed_in_pages_and_nobody_elses(here: Indoors) -> None:
    for _ in range(2):
        await here.submit(a_request("object", here.person(Role.RUNNING)))
    whole = await sent(here)
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await here.get(f"/v1/webhooks/deliveries?limit=3{cursor}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [one["id"] for one in found][: len(whole)] == [one["id"] for one in whole]
    stranger = here.caller(controller="mister-voip")
    assert (await stranger.get("/v1/webhooks/deliveries")).json() == {"items": [], "next": None}
    theirs = (await stranger.get("/v1/webhooks")).json()["items"]
    assert {one["kind"] for one in theirs} == {"callback"}


async def test_an_endpoint_is_shown_tested_disabled_and_enabled(
    here: Indoors, crm: Receiver
) -> None:
    shown = await here.caller().get("/v1/webhooks")
    assert SECRET not in shown.text
    assert FORMER not in shown.text
    by_name = {one["name"]: one for one in shown.json()["items"]}
    assert by_name["closings"]["events"] == ["request.closed"]
    assert by_name["crm"]["public_keys"] == [*public_keys([PAIR])]
    assert by_name["closings"]["public_keys"] == []
    assert PAIR not in shown.text
    assert by_name["crm"]["host"] == crm.address.removeprefix("http://")

    await send(here)
    crm.came.clear()
    crm.answers += [410]
    asked = await post(here, "endpoints/crm/test")
    assert asked.status_code == 202, asked.text
    await send(here)
    assert [one.verified()["type"] for one in crm.came] == ["webhook.test"]
    [crm_now] = [o for o in (await here.get("/v1/webhooks"))["items"] if o["name"] == "crm"]
    assert (crm_now["state"], crm_now["reason"]) == ("disabled", "gone")
    assert (await post(here, "endpoints/crm/test")).status_code == 409
    assert (await post(here, f"deliveries/{asked.json()['id']}/replay")).status_code == 409

    reads = here.caller("scraper", scopes=[Scope.READ_METRICS])
    figures = (await reads.get("/metrics")).text
    assert 'avgate_webhook_endpoints_disabled{controller="libervoice"} 1.0' in figures
    assert 'avgate_webhook_deliveries{controller="libervoice",state="held"} 1.0' in figures
    assert 'avgate_webhook_attempts_total{controller="libervoice",result="failed"}' in figures
    assert 'avgate_webhook_oldest_waiting_seconds{controller="libervoice"} 0.0' in figures

    enabled = await post(here, "endpoints/crm/enable")
    assert (enabled.json()["state"], enabled.json()["released"]) == ("enabled", 1)
    await send(here)
    assert [one.id for one in crm.came] == [asked.json()["id"]] * 2
    again = await post(here, f"deliveries/{asked.json()['id']}/replay")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    await send(here)
    assert [one.id for one in crm.came] == [asked.json()["id"]] * 3
    async with here.assembled.context.database.read() as db:
        events = [e.event for e in await evidence.entries(db, limit=10_000) if "webhook" in e.event]
    assert events == ["webhook.tested", "webhook.disabled", "webhook.enabled", "webhook.replayed"]
    for path in (
        "endpoints/nobody/test",
        "endpoints/nobody/enable",
        f"deliveries/{uuid4()}/replay",
    ):
        assert (await post(here, path)).status_code == 404


async def test_all_that_failed_is_sent_again_unless_its_endpoint_is_disabled(
    here: Indoors, crm: Receiver
) -> None:
    await post(here, "endpoints/crm/test")
    await post(here, "endpoints/closings/test")
    await send(here)
    async with here.assembled.context.database.write() as db:
        await db.execute(delivery.update().values(state="failed"))
    resent = await post(here, "endpoints/crm/resend", {"since": "2026-01-01T00:00:00Z"})
    assert resent.status_code == 202, resent.text
    crm.came.clear()
    await send(here)
    assert {one.path for one in crm.came} == {"/crm"}
    assert resent.json()["resent"] == len(crm.came)
    crm.answers += [410]
    await post(here, "endpoints/crm/test")
    await send(here)
    refused = await post(here, "endpoints/crm/resend", {"since": "2026-01-01T00:00:00Z"})
    assert refused.status_code == 409, "it is disabled"
    await post(here, "endpoints/crm/enable")
    await send(here)
