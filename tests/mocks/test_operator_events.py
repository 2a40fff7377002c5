"""Who listens to the mock of Operator is told what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.people import MISTER_VOIP, Role
from avgate_mocks.serving import bound, port_of, served

from .operator_bench import (
    PARTY,
    Bench,
    validator,
)


@dataclass
class Listener:
    """What was posted to a callback, in turn."""

    address: str
    events: asyncio.Queue[dict[str, Any]]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    sock = bound(0)
    listener = Listener(f"http://127.0.0.1:{port_of(sock)}/listener", asyncio.Queue())

    async def take(request: Request) -> Response:
        await listener.events.put(await request.json())
        return Response(status_code=201)

    async with served({sock: Starlette(routes=[Route("/listener", take, methods=["POST"])])}):
        yield listener


async def test_a_listener_is_told_what_happens_until_it_unregisters(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    path = f"{PARTY}/{await bench.party_id(person)}"
    hub = "/party/v4/hub"
    async with listening() as listener:
        wanted = {"callback": listener.address}
        made = await bench.libervoice.post(hub, json=wanted)
        assert (made.status_code, made.json()["callback"]) == (201, listener.address)
        assert made.headers["Location"].endswith(f"/hub/{made.json()['id']}")
        assert (await bench.libervoice.post(hub, json=wanted)).status_code == 409
        changed = (await bench.libervoice.patch(path, json={"gender": "x"})).json()
        event = await asyncio.wait_for(listener.events.get(), 5)
        own = f"{hub}/{made.json()['id']}"
        assert (await bench.callers[MISTER_VOIP].delete(own)).status_code == 404
        assert (await bench.libervoice.delete(own)).status_code == 204
        assert (await bench.libervoice.delete(own)).status_code == 404
    validator(PARTY, "IndividualAttributeValueChangeEvent").validate(event)
    assert event["eventType"] == "IndividualAttributeValueChangeEvent"
    assert event["event"]["individual"] == changed


async def test_a_listener_hears_only_the_events_it_asked_for(bench: Bench) -> None:
    ended = bench.role(Role.ENDED)
    usage = next(u for u in await bench.usages(ended) if u["usageType"] == "voicemail")
    async with listening() as listener:
        wanted = {"callback": listener.address, "query": "eventType=UsageDeleteEvent"}
        for api in ("/party/v4", "/usageManagement/v4"):
            await bench.libervoice.post(f"{api}/hub", json=wanted)
        everything = {"callback": listener.address}  # and of another controller's people nothing
        await bench.callers[MISTER_VOIP].post("/party/v4/hub", json=everything)
        path = f"{PARTY}/{await bench.party_id(ended)}"
        await bench.libervoice.patch(path, json={"gender": "x"})
        await bench.libervoice.delete(usage["href"])
        event = await asyncio.wait_for(listener.events.get(), 5)
    assert event["eventType"] == "UsageDeleteEvent"
    assert event["event"]["usage"] == usage
    assert listener.events.empty()


@pytest.mark.parametrize("sent", [{}, {"callback": 5}, {"callback": "ftp://x"}, [], "x"])
async def test_a_subscription_without_a_usable_callback_is_refused(
    bench: Bench, sent: object
) -> None:
    answer = await bench.libervoice.post("/party/v4/hub", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidRequest")
