"""What is sent on behalf of a gateway, and how a caller of its API sees that."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
from tests.flow.harness import JsonMap, a_request
from tests.flow.indoors import Indoors
from tests.gateway.receiver import Receiver

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Role

ADMIN = (Scope.READ, Scope.ADMIN)


async def send(here: Indoors) -> None:
    """Everything that is due, however much of it."""
    deliverer = here.assembled.deliverer
    before = -1
    while before != sum(deliverer.attempts.values()):
        before = sum(deliverer.attempts.values())
        await deliverer.sweep()
        await deliverer.idle()


def of(crm: Receiver, request_id: str, path: str = "/crm") -> list[dict[str, Any]]:
    told = [one.verified() for one in crm.came if one.path == path]
    return [one for one in told if one["data"]["request_id"] == request_id]


async def sent(here: Indoors, **asked: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in {"limit": "200", **asked}.items())
    return list((await here.get(f"/v1/webhooks/deliveries?{query}"))["items"])


async def post(here: Indoors, path: str, body: JsonMap | None = None) -> httpx.Response:
    return await here.caller("chief", scopes=ADMIN).post(f"/v1/webhooks/{path}", json=body)


async def submitted(here: Indoors, callback_url: str) -> httpx.Response:
    body = a_request("access", here.person(Role.RUNNING), "directory", callback_url=callback_url)
    headers = {"idempotency-key": str(uuid4())}
    return await here.caller().post("/v1/requests", json=body, headers=headers)
