"""A gateway and its mocks in one process and one time, which passes only when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from starlette.types import ASGIApp

from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_gateway.api.application import application
from avgate_gateway.assembly import Assembled, assemble
from avgate_gateway.authentication import Scope
from avgate_gateway.console.assembling import console_of
from avgate_gateway.flow.advance import advance
from avgate_gateway.rounds import Rounds
from avgate_gateway.settings import load
from avgate_gateway.store import evidence, requests
from avgate_gateway.traces import Traces
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import MOCKS, running
from avgate_mocks.world import World, world

from .cluster import as_asked
from .harness import EVERYTHING, JsonMap, a_request, bearer, token
from .moods import Mood, Moody

# A processor that nobody but a person can ask.
BY_HAND = """
[[controllers.libervoice.connectors.subprocessors.processors]]
name = "iaso-backup"
title = "IASO Backup"
products = ["IASO Backup"]
"""
_ENDS = frozenset({"closed", "approval", "person", "identity"})
_ACT_IN_TIME = frozenset(
    {"directory", "subprocessors"}
)  # the others only look at the clock when asked


@dataclass
class Time:
    """Wall-clock time that tests push forward."""

    pushed: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.pushed

    async def sleep(self, seconds: float) -> None:
        self.pushed += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Watched(httpx.AsyncBaseTransport):
    """The network that we serve with, with a note of every call, and a chance to come first."""

    calls: list[str]
    first: Callable[[], Awaitable[None]]
    network: Network = field(default_factory=Network)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        await self.first()
        return await self.network.handle_async_request(request)

    async def aclose(self) -> None:
        await self.network.aclose()


@dataclass
class Indoors:
    """What a test needs of a gateway whose time it rules: nothing happens but in `settle`."""

    assembled: Assembled
    time: Time
    world: World
    addresses: Mapping[str, str]
    folder: Path
    calls: list[str]
    before_call: Callable[[], Awaitable[object]] | None = None  # done once, at the next call
    woken: list[str] = field(default_factory=list)
    clients: dict[tuple[str, str], httpx.AsyncClient] = field(default_factory=dict)
    runtime: Runtime = field(default_factory=Runtime)
    moods: dict[str, list[Mood]] = field(default_factory=dict)  # of each upstream
    outside: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=30, verify=NO_TLS)
    )

    def person(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    @cached_property
    def app(self) -> ASGIApp:
        gateway = replace(self.assembled.gateway, wake=self.woken.extend, rounds=Rounds())
        return application(gateway, self.assembled.verifier, self.assembled.limits)

    @cached_property
    def pages(self) -> ASGIApp:
        """The console; the engine, which it would wake, knows nothing of what is done in `settle`."""
        gateway = replace(self.assembled.gateway, wake=self.woken.extend)
        return console_of(load(self.folder / "avgate.toml", {}), gateway, self.runtime)

    def caller(
        self,
        client: str = "portal",
        controller: str = "libervoice",
        scopes: Iterable[Scope] = EVERYTHING,
    ) -> httpx.AsyncClient:
        if (controller, client) not in self.clients:
            made = token(self.folder / "avgate-token.jwk", controller, client, scopes)
            self.clients[controller, client] = httpx.AsyncClient(
                base_url="http://gateway.test",
                headers=bearer(made),
                transport=httpx.ASGITransport(self.app),
            )
        return self.clients[controller, client]

    async def submit(self, body: JsonMap, client: str = "portal") -> str:
        answer = await self.caller(client).post(
            "/v1/requests", json=body, headers={"idempotency-key": str(uuid4())}
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def come_first(self) -> None:
        todo, self.before_call = self.before_call, None
        if todo is not None:
            await todo()

    async def remaining(self, request_id: str) -> timedelta:
        """How long the plan of a request may still be approved."""
        until = (await self.request(request_id))["plan"]["valid_until"]
        return datetime.fromisoformat(until) - self.time.now()

    async def get(self, path: str) -> Any:
        answer = await self.caller().get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def request(self, request_id: str) -> JsonMap:
        return dict(await self.get(f"/v1/requests/{request_id}"))

    async def report(self, request_id: str) -> list[JsonMap]:
        return list((await self.get(f"/v1/requests/{request_id}/report"))["items"])

    async def events(self, request_id: str) -> list[str]:
        found = await self.get(f"/v1/requests/{request_id}/evidence")
        return [entry["event"] for entry in found["items"]]

    async def decide(
        self, request_id: str, decision: str = "approve", client: str = "colleague"
    ) -> httpx.Response:
        shown = await self.request(request_id)
        body = {"plan_digest": shown["plan"]["digest"], "decision": decision, "reason": "as agreed"}
        return await self.caller(client).post(f"/v1/requests/{request_id}/approval", json=body)

    async def settle(self, rounds: int = 20) -> None:
        """Does what was woken and what is due, as the engine would, until nothing is."""
        due: dict[str, None] = {}
        begun, pushed = datetime.now(UTC), self.time.pushed
        for _ in range(rounds):
            async with self.assembled.context.database.read() as db:
                found = await requests.due(db, self.time.now(), 64)
            due = dict.fromkeys((*self.woken, *found))
            self.woken.clear()
            if not due:
                return
            for request_id in due:
                await advance(self.assembled.context, request_id)
        shown = [await self.request(request_id) for request_id in due]
        if {request["waiting_for"] for request in shown} == {"upstream"}:
            return  # by a connector's own clock, which stands still here
        took, slept = datetime.now(UTC) - begun, self.time.pushed - pushed
        raise AssertionError(
            f"woken again and again without getting anywhere, in {took} and {slept} of sleep: {shown}"
        )

    async def let_pass(self, **span: float) -> None:
        """Time passes here and at every mock, and what falls due is done."""
        self.time.pushed += timedelta(**span)
        for name in _ACT_IN_TIME & self.addresses.keys():
            address = self.addresses[name]
            await self.outside.post(f"{address}/_clock", json={"advance_seconds": 0})
        await self.settle()

    async def until(self, request_id: str, *ends: str, seconds: int = 120) -> JsonMap:
        """The request once it ends or waits for people; a second passes between two looks."""
        await self.settle()
        shown: JsonMap = {}
        for _ in range(seconds):
            shown = await self.request(request_id)
            if {shown["state"], shown["waiting_for"]} & (set(ends) or _ENDS):
                return shown
            await self.let_pass(seconds=1)
        raise AssertionError(f"nothing came of it: {shown}")

    async def carry_out(self, body: JsonMap, *ends: str) -> str:
        request_id = await self.submit(body)
        if (await self.until(request_id))["waiting_for"] == "approval":
            assert (await self.decide(request_id)).status_code == 200
        await self.until(request_id, *(ends or ("closed", "person")))
        return request_id

    async def erased(self, person: Person, *connectors: str) -> str:
        return await self.carry_out(a_request("erase", person, *connectors))

    async def holds(self, name: str, person: Person) -> dict[str, int]:
        people = (await self.outside.get(f"{self.addresses[name]}/_people")).json()["people"]
        held = people[person.position - 1]["holds"]
        return {category: count for category, count in held.items() if count}

    async def effects(self, name: str) -> list[JsonMap]:
        ledger = (await self.outside.get(f"{self.addresses[name]}/_ledger")).json()
        return list(ledger["effects"])

    async def plant(self, name: str, *rules: JsonMap, mood: str = "none") -> None:
        body = {"rules": list(rules), "mood": mood}
        answer = await self.outside.post(f"{self.addresses[name]}/_faults", json=body)
        assert answer.is_success, answer.text

    async def chain_breaks_at(self) -> int | None:
        async with self.assembled.context.database.read() as db:
            chain = await evidence.entries(db, limit=100_000)
        return evidence.first_broken(chain, evidence.BEGINNING, 0)


@asynccontextmanager
async def indoors(
    folder: Path,
    names: tuple[str, ...],
    *,
    people: int = 30,
    exempt: str = "nobody",
    more: str = "",
    edited: Callable[[str], str] = str,
    begins: datetime | None = None,
    rules: str = "",
    traces: Traces | None = None,
) -> AsyncIterator[Indoors]:
    """A gateway with the named upstreams; the client named in `exempt` needs no second person.

    `more` is put behind the config, which `edited` may change before; `rules` are lines for each
    controller. It is now, unless `begins` says when: people and their contracts differ from day to day.
    """
    time = Time(begins - datetime.now(UTC)) if begins else Time()
    shared = world(seed=5, count=people, now=time.now)
    moods: dict[str, list[Mood]] = {name: [] for name in names}
    async with running(shared, names, lambda name, app: Moody(app, moods[name])) as addresses:
        ports = {name: int(address.rsplit(":", 1)[1]) for name, address in addresses.items()}
        path = folder / "avgate.toml"
        rule = f'{rules}approval_exempt_clients = ["{exempt}"]\nanswer_within_days'
        config = gateway_config(shared, MOCKS, ports).replace("answer_within_days", rule)
        path.write_text(edited(as_asked(config, path)) + more)
        calls: list[str] = []

        async def first() -> None:
            await made.come_first()

        runtime = Runtime(transport=lambda: Watched(calls, first), now=time.now, sleep=time.sleep)
        assembled = assemble(load(path, {}), runtime, traces)
        made = Indoors(
            assembled, time, shared, addresses, folder, calls, runtime=runtime, moods=moods
        )
        try:
            yield made
        finally:
            await assembled.gateway.checks.stop()
            for client in (made.outside, *made.clients.values()):
                await client.aclose()
            for http in assembled.clients:
                await http.aclose()
            await assembled.context.database.close()
