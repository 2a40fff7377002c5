"""A caller of the mock of Xelion, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import LIBERVOICE, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import World, world
from avgate_mocks.xelion import Habits, build

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def calm() -> World:
    return world(seed=1, now=lambda: NOW)


class Api:
    """A caller of one tenant, over a real socket."""

    def __init__(self, client: httpx.AsyncClient, shared: World, tenant: str = LIBERVOICE) -> None:
        self.client = client
        self.world = shared
        self.tenant = tenant
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        url = f"/api/v1/{self.tenant}{path}"
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **more)

    async def login(self, space: str = "tests", **more: Any) -> httpx.Response:
        password = self.world.secret("xelion", self.tenant)
        body = {"userName": "avgate", "password": password, "userSpace": space, **more}
        answer = await self.call("POST", "/me/login", json=body)
        if answer.status_code == 200:
            self.headers = {"Authorization": f"xelion {answer.json()['authentication']}"}
        return answer

    async def rows(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        answer = await self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return [row["object"] for row in answer.json()["data"]]

    async def one(self, path: str) -> dict[str, Any]:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["object"]
        return found

    async def patch(self, path: str, *operations: Mapping[str, Any]) -> httpx.Response:
        return await self.call("PATCH", path, json={"operations": list(operations)})

    async def everything_with(self, oid: str) -> list[dict[str, Any]]:
        """All communications with an addressable, by the `next` links as far as they go."""
        found: list[dict[str, Any]] = []
        url = f"/api/v1/{self.tenant}/communications?with={oid}&limit=5"
        while url:
            body = (await self.client.get(url, headers=self.headers)).json()
            found += [row["object"] for row in body["data"]]
            url = next((x["href"] for x in body["meta"]["links"] if x["rel"] == "next"), "")
        return found

    async def effects(self) -> list[tuple[str, str | None]]:
        effects = (await self.client.get("/_ledger")).json()["effects"]
        return [(effect["kind"], effect["subject"]) for effect in effects]

    async def holds(self, role: Role) -> dict[str, int]:
        people = (await self.client.get("/_people")).json()["people"]
        wanted = cast(self.world.people)[role].id
        return next(each["holds"] for each in people if each["id"] == wanted)


@asynccontextmanager
async def xelion(
    shared: World | None = None, habits: Habits | None = None, tenant: str = LIBERVOICE
) -> AsyncIterator[Api]:
    chosen, sock = shared or calm(), bound(0)
    address = f"http://127.0.0.1:{port_of(sock)}"
    app = build(chosen, port_of(sock), habits)
    async with (
        served({sock: app}),
        httpx.AsyncClient(base_url=address, timeout=5, verify=NO_TLS) as client,
    ):
        yield Api(client, chosen, tenant)


def oid_of(api: Api, role: Role) -> str:
    return str(cast(api.world.people)[role].xelion_id)


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errorCode"]


def replaced(path: str, value: object) -> dict[str, object]:
    return {"op": "replace", "path": path, "value": value}
