"""Processors to play with: from a cassette, or the mock over a real socket; and who stands on the line.

`staged` replays the cassette of its name. If there is none it is recorded from the mock, and kept
only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard
from uuid import UUID

import httpx
from vcr import VCR  # type: ignore[import-untyped]  # it has no types

import avgate_contracts as sdk
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Name, Person
from avgate_mocks.subprocessors import build, config_section
from avgate_mocks.world import World, world
from avgate_subprocessors import SubprocessorsConnector, SubprocessorsSettings
from avgate_subprocessors.client import Clock

CASSETTES = Path(__file__).with_name("cassettes")
HOST = "http://subprocessors.example"
BY_HAND = {"name": "iaso-backup", "title": "IASO Backup", "products": ["IASO Backup"]}
CALLBACK = "https://gateway.example/v1/callbacks/token"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL, CUSTOMER = sdk.IdentifierKind.EMAIL, sdk.IdentifierKind.CUSTOMER_ID
PHONE = sdk.IdentifierKind.PHONE
KEPT = (
    *("accept-encoding", "content-type", "etag", "idempotency-key", "if-none-match"),
    *("last-modified", "x-opendsr-processor-domain", "x-opendsr-signature"),
)


def subject(*identifiers: sdk.Identifier) -> sdk.DataSubject:
    return sdk.DataSubject("s-1", identifiers)


def of(kind: sdk.IdentifierKind, value: str, until: date | None = None) -> sdk.Identifier:
    return sdk.Identifier.of(kind, value, None, until)


SOMEBODY = subject(of(CUSTOMER, "C-1"), of(EMAIL, "subject@example.org"))
STRANGER = subject(of(EMAIL, "nobody@example.org"))


def invented(person: Person) -> Person:
    """Nobody at all: what is recorded of them needs no redaction, so every signature still fits."""
    (line, *_) = person.lines
    return replace(
        person,
        customer_id="C-1",
        name=Name("Test", "", "Persoon"),
        emails=("subject@example.org",),
        lines=(replace(line, number="+31612345678"),),
    )


def shared() -> World:
    made = world(seed=4, now=lambda: NOON)
    return replace(made, people=(invented(made.people[6]), *made.people[:2]))


def settings(**changes: object) -> SubprocessorsSettings:
    section = json.dumps(config_section(shared(), "libervoice", 80))
    written = json.loads(section.replace("http://127.0.0.1:80", HOST))
    written["processors"].append(BY_HAND)
    return SubprocessorsSettings.model_validate({**written, **changes})


def new_id() -> UUID:
    """What a client makes all its ids of."""
    return UUID("a7551968-d5d6-44b2-9831-000000000001")


class Network(httpx.AsyncBaseTransport):
    """The mock, behind whatever a test does to its answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.asked: list[httpx.Request] = []
        self.changed: Callable[[httpx.Request, httpx.Response], httpx.Response] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = await self.inner.handle_async_request(request)
        return self.changed(request, answer) if self.changed else answer


class Elsewhere(httpx.AsyncBaseTransport):
    """A mock behind an alias, so that its results lie on another host."""

    def __init__(self, token: str) -> None:
        self.app = httpx.ASGITransport(build(shared(), 0))
        self.token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        told = {**request.headers, "host": "subprocessors.example"}
        if "authorization" in told:
            told["authorization"] = f"Bearer {self.token}"
        url, content = request.url.copy_with(host=told["host"]), await request.aread()
        behind = httpx.Request(request.method, url, headers=told, content=content)
        return await self.app.handle_async_request(behind)


@dataclass(slots=True)
class Stage:
    connector: SubprocessorsConnector
    network: Network
    mock: httpx.AsyncClient | None  # None while a cassette is played
    moment: datetime = NOON

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        await self.tell("/_clock", {"advance_seconds": seconds})

    async def tell(self, path: str, order: object) -> None:
        if self.mock is not None:
            assert (await self.mock.post(path, json=order)).is_success

    async def findings(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Finding]:
        return [finding async for finding in self.connector.access(who)]

    async def found(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Record]:
        return [one for one in await self.findings(who) if isinstance(one, sdk.Record)]

    async def unseen(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Unseen]:
        return [one for one in await self.findings(who) if isinstance(one, sdk.Unseen)]

    async def items(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.ItemRef]:
        """All that an erasure plans: a processor without an interface has no records."""
        return [one.item for one in await self.findings(who) if one.item is not None]

    async def erase(self, items: list[sdk.ItemRef], key: str = "key-1") -> list[sdk.Outcome]:
        return [o.outcome for o in await self.connector.erase(items, key=key)]

    async def confirm(self, job: str, item: sdk.ItemRef) -> sdk.Outcome:
        (outcome,) = await self.connector.confirm(job, [item])
        return outcome.outcome

    def posts(self) -> list[httpx.Request]:
        return [request for request in self.network.asked if request.method == "POST"]

    async def kinds(self) -> list[str]:
        assert self.mock is not None
        return [e["kind"] for e in (await self.mock.get("/_ledger")).json()["effects"]]


@asynccontextmanager
async def stage(*, played: bool = False, **changes: object) -> AsyncIterator[Stage]:
    """A connector on a fresh mock, or on nothing but the cassette that is being played."""
    app = None if played else httpx.ASGITransport(build(shared(), 0))
    network = Network(app or httpx.AsyncHTTPTransport(verify=NO_TLS))
    mock = httpx.AsyncClient(transport=app, base_url="http://mock") if app else None
    limits = SubprocessorsConnector.manifest.limits
    chosen = settings(**changes)

    async def sleep(seconds: float) -> None:
        await set_up.sleep(seconds)

    runtime = sdk.Runtime(transport=lambda: network, sleep=sleep)
    async with sdk.open_client(chosen, limits, runtime) as http:
        clock = Clock(lambda: set_up.moment, sleep)
        connector = SubprocessorsConnector(chosen, http, clock=clock, new_id=new_id)
        set_up = Stage(connector, network, mock)
        yield set_up


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: only headers that are named here, so no token."""
    request.headers = {n: v for n, v in request.headers.items() if n.lower() in KEPT}
    response["headers"] = {n: v for n, v in response["headers"].items() if n.lower() in KEPT}
    return request, response


def same_conditions(one: Any, other: Any) -> None:
    for name in ("idempotency-key", "if-none-match"):
        assert one.headers.get(name) == other.headers.get(name)


def unless_told(request: Any) -> Any:
    """Leaves out what a test tells the mock."""
    told = request.path.startswith("/_") or request.method == "DELETE"
    return None if told else request


@asynccontextmanager
async def staged(name: str) -> AsyncIterator[Stage]:
    """A stage whose calls are played from a cassette, all of them, each once and in turn."""
    path = CASSETTES / f"{name}.yaml"
    played = path.exists()
    recorder = VCR(
        record_mode="none" if played else "once",
        record_on_exception=False,
        match_on=("method", "path", "query", "body", "conditions"),
        before_record_request=unless_told,
        before_save_interaction=redact,
    )
    recorder.register_matcher("conditions", same_conditions)
    async with stage(played=played) as set_up:
        with recorder.use_cassette(str(path), allow_playback_repeats=False) as tape:
            yield set_up
            assert tape.all_played or not played


def keys(request: httpx.Request) -> tuple[str, str]:
    return request.headers["idempotency-key"], json.loads(request.content)["subject_request_id"]


def is_pending(outcome: sdk.Outcome) -> TypeGuard[sdk.Pending]:
    return isinstance(outcome, sdk.Pending)


def jobs(outcomes: list[sdk.Outcome]) -> set[str]:
    return {outcome.job for outcome in outcomes if is_pending(outcome)}


def with_header(answer: httpx.Response, name: str, value: str) -> httpx.Response:
    answer.headers[name] = value
    return answer


def without_access(answer: httpx.Response) -> httpx.Response:
    """A discovery of a processor that erases and shows nothing."""
    body = json.loads(b"".join(answer.stream.__dict__["_body"]))
    return httpx.Response(200, json={**body, "supported_subject_request_types": ["erasure"]})


def rewritten(answer: httpx.Response) -> httpx.Response:
    """The same answer, but for what became of the request."""
    body = b"".join(answer.stream.__dict__["_body"])
    return httpx.Response(
        200, headers=answer.headers, content=body.replace(b"pending", b"completed")
    )
