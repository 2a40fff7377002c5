"""An upstream calls the gateway when a job changes: a hint, which nobody has to believe."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_gateway.api.application import application
from avgate_gateway.assembly import Assembled, assemble
from avgate_gateway.flow.advance import advance
from avgate_gateway.settings import load
from avgate_gateway.store import callbacks, requests, tasks
from avgate_gateway.store.tasks import Stage, TaskCode
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.upstreams import MOCKS, running
from avgate_mocks.world import world

from .harness import EVERYTHING, IDENTITY, JsonMap, bearer, known_by, token
from .indoors import Time

SUBPROCESSORS = "subprocessors"
HOUR = 3600.0
SOON = 10  # seconds; long before that a call has come or never will


@dataclass
class Door:
    """The gateway as upstreams reach it, and how it answered each of their calls."""

    inside: ASGIApp | None = None
    answered: asyncio.Queue[tuple[str, int]] = field(default_factory=asyncio.Queue)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.inside is not None
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self.inside(scope, receive, noted)
        self.answered.put_nowait((scope["path"], status))

    async def call(self) -> tuple[str, int]:
        """The path of the next call of an upstream, and the status it got."""
        while True:
            path, status = await asyncio.wait_for(self.answered.get(), SOON)
            if path.startswith("/v1/callbacks/"):
                return path, status


@dataclass
class Still(Time):
    """Time that passes only when it is pushed: no processor gets on while a busy machine is slow."""

    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.begun + self.pushed


@dataclass
class House:
    """A gateway that its subprocessors can reach, and one erasure that they have accepted.

    Nothing happens in it but in `settle`.
    """

    whole: Assembled
    http: httpx.AsyncClient  # of the gateway, from outside and without an access token
    mock: httpx.AsyncClient
    staff: Mapping[str, Mapping[str, str]]  # the headers of those who may ask and approve
    person: Person
    door: Door
    woken: list[str] = field(default_factory=list)
    request: str = ""

    async def begin(self) -> None:
        """Has the erasure accepted, and not looked at again before an hour has passed."""
        body = {
            "operation": "erase",
            "subject": known_by(self.person),
            "identity": IDENTITY,
            "scope": {"connectors": [SUBPROCESSORS]},
        }
        headers = {**self.staff["portal"], "Idempotency-Key": "one"}
        answer = await self.http.post("/v1/requests", json=body, headers=headers)
        self.request = f"/v1/requests/{answer.json()['id']}"
        await self.settle()
        decision = {"plan_digest": (await self.shown())["plan"]["digest"], "decision": "approve"}
        await self.http.post(
            f"{self.request}/approval", json=decision, headers=self.staff["colleague"]
        )
        await self.move(HOUR)  # so that an hour from now is when a processor expects to be done
        await self.settle()

    async def settle(self) -> None:
        """Carries on what was woken or is due, until nothing is."""
        context = self.whole.context
        while True:
            async with context.database.read() as db:
                due = {*self.woken, *await requests.due(db, context.now(), 10)}
            self.woken.clear()
            if not due:
                return
            for request_id in due:
                await advance(context, request_id)

    async def move(self, seconds: float) -> None:
        """Time passes at the processors, and only there."""
        await self.mock.post("/_clock", json={"advance_seconds": seconds})

    async def get(self, part: str = "") -> Any:
        answer = await self.http.get(f"{self.request}{part}", headers=self.staff["portal"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def shown(self) -> JsonMap:
        return dict(await self.get())

    async def events(self) -> list[str]:
        return [entry["event"] for entry in (await self.get("/evidence"))["items"]]

    async def held(self) -> dict[str, int]:
        people = (await self.mock.get("/_people")).json()["people"]
        return next(dict(one["holds"]) for one in people if one["id"] == self.person.id)

    async def truth(self) -> tuple[dict[str, int], list[str], JsonMap]:
        """Everything that a call could have changed."""
        await self.settle()
        return await self.held(), await self.events(), await self.shown()

    async def token(self) -> str:
        """One more address for this request: of those that were sent out only digests are kept."""
        token = secrets.token_hex(32)
        context, request_id = self.whole.context, self.request.rpartition("/")[2]
        async with context.database.write() as db:
            await callbacks.keep(db, token, request_id, SUBPROCESSORS, context.now())
        return token

    async def call(self, token: str, content: bytes = b"") -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content else {}
        return await self.http.post(f"/v1/callbacks/{token}", content=content, headers=headers)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    sock, door = bound(0), Door()
    address = f"http://127.0.0.1:{port_of(sock)}"
    time = Still()
    shared = world(seed=5, now=time.now)
    async with (
        served({sock: door}),
        running(shared, (SUBPROCESSORS,)) as mocks,
        httpx.AsyncClient(base_url=address, timeout=SOON, verify=NO_TLS) as http,
        httpx.AsyncClient(base_url=mocks[SUBPROCESSORS], timeout=SOON, verify=NO_TLS) as mock,
    ):
        config = tmp_path / "avgate.toml"
        ports = {SUBPROCESSORS: int(mocks[SUBPROCESSORS].rpartition(":")[2])}
        written = gateway_config(shared, MOCKS, ports)
        assert "public_url" not in written  # whoever writes it cannot know the gateway's port
        config.write_text(f'public_url = "{address}"\n{written}')
        async with assembled(config, time) as whole:
            key = tmp_path / "avgate-token.jwk"
            staff = {
                name: bearer(token(key, "libervoice", name, EVERYTHING))
                for name in ("portal", "colleague")
            }
            made = House(whole, http, mock, staff, cast(shared.people)[Role.RUNNING], door)
            gateway = replace(whole.gateway, wake=made.woken.extend)
            door.inside = application(gateway, whole.verifier, whole.limits)
            await made.begin()
            yield made


@asynccontextmanager
async def assembled(config: Path, time: Time) -> AsyncIterator[Assembled]:
    """A gateway whose engine stands still."""
    runtime = Runtime(transport=Network, now=time.now, sleep=time.sleep)
    whole = assemble(load(config, {}), runtime)
    try:
        yield whole
    finally:
        for client in whole.clients:
            await client.aclose()
        await whole.context.database.close()


async def test_an_erasure_is_confirmed_because_the_processor_called(house: House) -> None:
    before, events, shown = await house.truth()
    assert shown["waiting_for"] == "upstream"  # and nobody is due to look within the hour
    await house.move(2)
    assert (await house.door.call())[1] == 204
    held, more, shown = await house.truth()
    assert before != {} == held
    assert shown["state"] == "closed"
    assert {line["outcome"] for line in (await house.get("/report"))["items"]} == {"erased"}
    since = more[len(events) :]
    assert since[0] == "callback.received"
    assert "effect.ended" in since


async def test_a_call_with_any_body_is_accepted_and_believed_only_after_asking(
    house: House,
) -> None:
    await house.move(-HOUR)  # it has only just been accepted, and stays so
    held, events, _ = await house.truth()
    for body in (b'{"request_status":"completed"}', b"[]", b'"completed"', b"0", b""):
        answer = await house.call(await house.token(), body)
        assert (answer.status_code, answer.content) == (204, b"")
        after, more, shown = await house.truth()
        assert after == held != {}
        assert more[len(events)] == "callback.received"
        assert shown["waiting_for"] == "upstream"
        events = more


async def test_a_call_that_the_guard_turns_away_does_not_use_the_token_up(house: House) -> None:
    await house.move(-HOUR)
    token, before = await house.token(), await house.truth()
    for broken in (b"\x00\xff{", b"[" * 5000, b"<completed/>"):
        assert (await house.call(token, broken)).status_code == 400
        assert await house.truth() == before
    assert (await house.call(token)).status_code == 204


async def test_a_token_serves_every_change_of_state_and_is_used_up_once_the_job_is_settled(
    house: House,
) -> None:
    await house.move(-HOUR)  # the processor says that it has begun, and is not done yet
    token = await house.token()
    for _ in range(2):
        assert (await house.call(token)).status_code == 204
        assert (await house.truth())[2]["waiting_for"] == "upstream"
    await house.move(2 * HOUR)
    assert (await house.call(token)).status_code == 204
    before = await house.truth()
    assert before[2]["state"] == "closed"
    again = await house.call(token)
    assert (again.status_code, again.json()["status"]) == (410, 410)
    assert again.headers["content-type"] == "application/problem+json"
    assert await house.truth() == before


async def test_a_call_is_heeded_while_what_was_begun_is_held(house: House) -> None:
    await house.move(-HOUR)
    context, request_id = house.whole.context, house.request.rpartition("/")[2]
    held = {"code": TaskCode.HELD_BACK, "resume": Stage.EXECUTE.value}
    async with context.database.write() as db:
        await tasks.move(
            db, request_id, SUBPROCESSORS, Stage.STUCK, context.now(), reason="two fit", **held
        )
    assert (await house.call(await house.token())).status_code == 204
    assert (await house.events())[-1] == "callback.received"


async def test_a_token_that_nobody_was_given_is_not_found_and_changes_nothing(
    house: House,
) -> None:
    before = await house.truth()
    for guess in ("guessed", "A" * 43):
        answer = await house.call(guess)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
        assert answer.headers["content-type"] == "application/problem+json"
    assert await house.truth() == before
