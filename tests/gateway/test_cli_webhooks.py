"""`avgate webhooks`: what it asks of the gateway, and how it tells what it was answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from avgate_client import AvgateError
from avgate_gateway.cli.conversation import failure
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.webhooks import delivery_grid, endpoint_grid

from .invented_answers import client

ENDPOINT: dict[str, object] = {
    "name": "crm", "kind": "webhook", "host": "crm.example", "events": [], "state": "disabled",
    "reason": "gone", "failing_since": "2026-03-02T12:00:00+00:00", "disabled_at": None,
}  # fmt: skip
DELIVERY = {
    "id": "d-1", "endpoint": "crm", "kind": "webhook", "event": "request.closed",
    "request_id": "r-1", "state": "waiting", "made_at": "2026-03-02T12:00:00+00:00",
    "next_attempt_at": "2026-03-02T12:05:00+00:00",
    "attempts": [
        {"number": 1, "at": "2026-03-02T12:00:00+00:00", "status": 500, "result": "answered"},
        {"number": 2, "at": "2026-03-02T12:00:05+00:00", "status": None, "result": "no_answer"},
    ],
}  # fmt: skip


def page(*items: object) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next": None})


async def test_endpoints_are_told_with_the_reason_why_one_is_off() -> None:
    talk = client({"GET /v1/webhooks": page(ENDPOINT)})
    grid = endpoint_grid(await talk.webhook_endpoints())
    assert grid.rows == (("crm", "crm.example", "all", "disabled", "gone", "2026-03-02 12:00 UTC"),)


async def test_deliveries_are_asked_for_by_what_was_given_and_told_with_the_last_answer() -> None:
    seen: list[httpx.Request] = []
    talk = client({"GET /v1/webhooks/deliveries": page(DELIVERY)}, seen)
    grid = delivery_grid([one async for one in talk.deliveries(state="waiting", page_size=20)])
    assert dict(seen[0].url.params) == {"state": "waiting", "limit": "20"}
    told = ("d-1", "crm", "request.closed", "r-1", "waiting", "2", "no answer")
    assert grid.rows == ((*told, "2026-03-02 12:05 UTC"),)


async def test_what_is_set_going_is_named_in_the_address() -> None:
    answer = httpx.Response(202, json=DELIVERY)
    enabled = httpx.Response(200, json={**ENDPOINT, "state": "enabled", "released": 3})
    resent = httpx.Response(202, json={**ENDPOINT, "state": "enabled", "resent": 7})
    seen: list[httpx.Request] = []
    talk = client(
        {
            "POST /v1/webhooks/deliveries/d-1/replay": answer,
            "POST /v1/webhooks/endpoints/callback:crm.example/test": answer,
            "POST /v1/webhooks/endpoints/crm/enable": enabled,
            "POST /v1/webhooks/endpoints/crm/resend": resent,
        },
        seen,
    )
    since = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (await talk.resend_failed("crm", since)).resent == 7
    assert json.loads(seen[0].content) == {"since": "2026-03-01T08:00:00+00:00"}
    assert (await talk.replay_delivery("d-1")).id == "d-1"
    assert (await talk.test_endpoint("callback:crm.example")).state == "waiting"
    assert (await talk.enable_endpoint("crm")).released == 3


async def test_what_is_not_there_ends_with_its_own_code() -> None:
    refused = httpx.Response(404)
    talk = client({"POST /v1/webhooks/endpoints/nobody/enable": refused})
    with pytest.raises(AvgateError) as raised:
        await talk.enable_endpoint("nobody")
    assert failure(raised.value, "http://127.0.0.1:8080").code is Exit.NOT_FOUND
