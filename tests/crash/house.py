"""One run's world: fresh mocks, an empty store, a service that dies, and callers who repeat themselves."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import UPSTREAMS, Person
from avgate_mocks.upstreams import MOCKS, running
from avgate_mocks.world import World, world

from ..flow.harness import EVERYTHING, JsonMap, bearer, token
from .lane import Lane
from .lives import READY_SECONDS, Lives
from .wrong import StuckError

SEED, PEOPLE = 3, 17
_UNSHARED = httpx.Limits(max_keepalive_connections=0)  # one of them may be to the dead
Holds = dict[str, dict[str, dict[str, int]]]


@dataclass(kw_only=True)
class House(Lives):
    """What an operation is played in."""

    world: World
    before: Holds = field(default_factory=dict)
    acks: dict[str, set[str]] = field(default_factory=dict)  # ids answered, by key
    bodies: dict[str, JsonMap] = field(default_factory=dict)  # what was asked, by request id
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    refusals: list[tuple[int, str]] = field(default_factory=list)  # answers of 5xx
    looks: int = 300  # after which something that does not come about is given up
    step: float = 1.5  # seconds that are pushed between two looks
    clocks_agree: bool = True
    disk_failed: bool = False

    # -- callers ----------------------------------------------------------------------------------

    def client(self, name: str = "portal") -> httpx.AsyncClient:
        if name not in self.clients:
            key = token(self.folder / "avgate-token.jwk", "libervoice", name, EVERYTHING)
            self.clients[name] = httpx.AsyncClient(
                base_url=self.base, headers=bearer(key), timeout=60, verify=NO_TLS
            )
        return self.clients[name]

    async def call(
        self, method: str, path: str, client: str = "portal", **more: Any
    ) -> httpx.Response:
        """Calls until there is an answer: a caller that gets none repeats itself."""
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                answer = await self.client(client).request(method, path, **more)
                in_use = answer.status_code == 409 and "idempotency" in answer.text
                if answer.status_code < 500 and not in_use:
                    return answer
                self.refusals.append((answer.status_code, path))
                await asyncio.sleep(0.05)
            except httpx.TransportError:
                await self.revive()
            if time.monotonic() > end:
                raise StuckError(f"{method} {path} is never answered")

    async def post(
        self, path: str, body: object = None, client: str = "portal", **headers: str
    ) -> JsonMap:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.call("POST", path, client, json=body, headers=named)
        assert answer.status_code < 300, f"{path} {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    async def submit(self, body: JsonMap, key: str = "one", client: str = "portal") -> str:
        shown = await self.post("/v1/requests", body, client, idempotency_key=key)
        request_id = str(shown["id"])
        self.acknowledge(key, request_id, body)
        return request_id

    def acknowledge(self, key: str, request_id: str, body: JsonMap) -> None:
        """Remembers what was promised."""
        self.acks.setdefault(key, set()).add(request_id)
        self.bodies[request_id] = body

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, f"{path} {answer.status_code} {answer.text}"
        return answer.json()

    async def request(self, request_id: str) -> JsonMap:
        return dict(await self.get(f"/v1/requests/{request_id}"))

    async def report(self, request_id: str) -> list[JsonMap]:
        return list((await self.get(f"/v1/requests/{request_id}/report"))["items"])

    async def until(self, told: Callable[[], Any]) -> Any:
        """What is told once it is something; time passes between two looks."""
        for look in range(self.looks):
            found = await told()
            if found:
                return found
            if look % 3 == 2 and self.is_up() and not self.is_just_back():
                await self.let_pass(seconds=self.step)
            await asyncio.sleep(0.03)
        raise StuckError("nothing came of it")

    async def when(self, request_id: str, *ends: str) -> JsonMap:
        """The request once its state or what it waits for is one of these."""
        shown: JsonMap = {}

        async def told() -> bool:
            nonlocal shown
            shown = await self.request(request_id)
            return bool({shown["state"], shown["waiting_for"]} & set(ends))

        try:
            await self.until(told)
        except StuckError:
            parts = [(c["connector"], c["stage"], c.get("reason")) for c in shown["connectors"]]
            state = shown["state"], shown["waiting_for"]
            raise StuckError(f"it is {state} and not {ends}: {parts}") from None
        return shown

    async def ended(self, request_id: str) -> JsonMap:
        return await self.when(request_id, "closed", "person")

    async def all_ended(self) -> None:
        """Every request that was answered comes to its end."""
        for request_id, body in self.bodies.items():
            if body["operation"] in {"erase", "rectify"}:
                await self.approve(request_id)
            await self.ended(request_id)

    async def let_run(self, seconds: float) -> None:
        """Lets the machine's time pass, in which whatever is under way gets on."""
        await asyncio.sleep(seconds)

    async def approve(self, request_id: str) -> None:
        """Approves what is shown; a plan that has lapsed meanwhile is made anew, and that one then."""
        path = f"/v1/requests/{request_id}/approval"
        for _ in range(50):
            shown = await self.when(request_id, "approval", "closed", "person")
            if shown["waiting_for"] != "approval":
                return
            body = {"plan_digest": shown["plan"]["digest"], "decision": "approve"}
            answer = await self.call("POST", path, "colleague", json=body)
            if answer.status_code != HTTPStatus.CONFLICT:
                assert answer.is_success, f"{path} {answer.status_code} {answer.text}"
                return
            await self.let_run(0.1)
        raise StuckError(f"{path}: the plan changes each time that it is looked at")

    # -- the truth --------------------------------------------------------------------------------

    async def holds(self) -> Holds:
        """What each upstream holds of each person."""
        found: Holds = {}
        for name, address in self.addresses.items():
            people = (await self.outside.get(f"{address}/_people")).json()["people"]
            found[name] = {
                one["id"]: {c: n for c, n in one["holds"].items() if n} for one in people
            }
        return found

    async def ledger(self, name: str) -> list[JsonMap]:
        found = (await self.outside.get(f"{self.addresses[name]}/_ledger")).json()
        return list(found["effects"])

    def person(self, number: int) -> Person:
        return self.world.people[number - 1]


@asynccontextmanager
async def house(
    lane: Lane,
    *,
    die_at: int = 0,
    counts: str = "steps",
    plant: str = "",
    names: Iterable[str] = UPSTREAMS,
    more: str = "",
    public: bool = False,
    bare: bool = False,
    armed_at_once: bool = False,
    folder: Path | None = None,
) -> AsyncIterator[House]:
    """Fresh mocks and a folder with a store that was never used, or `bare`, with none."""
    lane.time.restart()
    lane.wall.restart()
    shared = world(seed=SEED, count=PEOPLE, now=lane.time.now)
    folder = folder or lane.folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    if bare:
        folder.mkdir()
    else:
        shutil.copytree(lane.template, folder)
    async with (
        running(shared, tuple(names)) as addresses,
        httpx.AsyncClient(timeout=60, limits=_UNSHARED, verify=NO_TLS) as outside,
    ):
        ports = {name: int(address.rsplit(":", 1)[1]) for name, address in addresses.items()}
        config = gateway_config(shared, MOCKS, ports) + more
        url = f'public_url = "http://127.0.0.1:{lane.port}"\n' if public else ""
        (folder / "avgate.toml").write_text(url + config)
        made = House(
            lane=lane, folder=folder, outside=outside, die_at=die_at, counts=counts, plant=plant,
            armed_at_once=armed_at_once, world=shared, addresses=addresses,
        )  # fmt: skip
        made.before = await made.holds()
        try:
            yield made
        finally:
            for client in made.clients.values():
                await client.aclose()
            if made.lives:
                await made.kill()
            for life in made.lives:
                os.close(life.pidfd)


async def prepare(lane: Lane) -> None:
    """Makes the store that every run begins with."""
    shutil.rmtree(lane.template, ignore_errors=True)
    async with house(lane, bare=True) as made:
        await made.start()
        await made.kill(signal.SIGTERM)
        shutil.copytree(made.folder, lane.template)
    for name in ("serve.log", "trace", "control", "writes", "avgate.toml"):
        (lane.template / name).unlink(missing_ok=True)
