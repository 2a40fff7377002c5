"""The calls that the mock's processors make when a request changes, over real sockets."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from avgate_mocks.fault import Mood
from avgate_mocks.kernel import Kernel
from avgate_mocks.loopback import on_loopback
from avgate_mocks.people import LIBERVOICE, Person, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.subprocessors import build
from avgate_mocks.subprocessors.calling import Caller
from avgate_mocks.subprocessors.job import Job
from avgate_mocks.subprocessors.seal import Seal
from avgate_mocks.world import World, world

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)
PERFECTVIEW = "/opendsr/perfectview/v2"
REQUEST_ID = "a7551968-d5d6-44b2-9831-815ac9017798"
SOON = 10  # seconds; long before that a call has come or never will


@dataclass
class Listener:
    """Whoever is called: keeps the calls, and answers by path as it is told."""

    address: str
    statuses: dict[str, int] = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[tuple[str, str]] = field(default_factory=list)
    came: asyncio.Queue[tuple[httpx.Headers, bytes]] = field(default_factory=asyncio.Queue)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.calls.append((request.url.path, json.loads(body)["request_status"]))
        self.came.put_nowait((httpx.Headers(request.headers.raw), body))
        await self.answers.wait()
        await Response(status_code=self.statuses.get(request.url.path, 204))(scope, receive, send)

    async def next(self) -> tuple[httpx.Headers, bytes]:
        return await asyncio.wait_for(self.came.get(), SOON)


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    sock = bound(0)
    listener = Listener(f"http://127.0.0.1:{port_of(sock)}")
    listener.answers.set()
    async with served({sock: listener}):
        yield listener
        listener.answers.set()


@asynccontextmanager
async def mocked(shared: World) -> AsyncIterator[httpx.AsyncClient]:
    sock = bound(0)
    token = shared.secret("subprocessors/perfectview", LIBERVOICE)
    async with (
        served({sock: build(shared, port_of(sock))}),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port_of(sock)}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SOON,
        ) as client,
    ):
        yield client


@pytest.fixture
def shared() -> World:
    return world(seed=1, now=lambda: NOON)


@pytest.fixture
def person(shared: World) -> Person:
    return cast(shared.people)[Role.RUNNING]


async def ask(
    mock: httpx.AsyncClient, person: Person, *addresses: str, under: str = f"{PERFECTVIEW}/requests"
) -> None:
    identity = {
        "identity_type": "controller_customer_id",
        "identity_format": "raw",
        "identity_value": person.customer_id,
    }
    body = {
        "regulation": "gdpr",
        "subject_request_id": REQUEST_ID,
        "subject_request_type": "erasure",
        "submitted_time": NOON.isoformat(),
        "subject_identities": [identity],
        "status_callback_urls": list(addresses),
    }
    answer = await mock.post(under, json=body)
    assert answer.status_code == 201, answer.text


async def advance(mock: httpx.AsyncClient, seconds: float) -> None:
    await mock.post("/_clock", json={"advance_seconds": seconds})


async def ledger(mock: httpx.AsyncClient) -> Any:
    effects = (await mock.get("/_ledger")).json()["effects"]
    return [(effect["kind"], effect["subject"]) for effect in effects]


async def certificate(mock: httpx.AsyncClient) -> rsa.RSAPublicKey:
    pem = (await mock.get(f"{PERFECTVIEW}/certificate.pem")).content
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


async def test_every_change_of_state_is_called_in_turn_and_signed(
    shared: World, person: Person
) -> None:
    async with mocked(shared) as mock, listening() as listener:
        key = await certificate(mock)
        await ask(mock, person, f"{listener.address}/token")
        for status, seconds, count in (("in_progress", 0.6, None), ("completed", 1, True)):
            await advance(mock, seconds)
            headers, body = await listener.next()
            key.verify(
                base64.b64decode(headers["X-OpenDSR-Signature"]),
                body,
                padding.PKCS1v15(),
                SHA256(),
            )
            assert headers["X-OpenDSR-Processor-Domain"] == "perfectview.example"
            told = json.loads(body)
            assert bool(told.pop("results_count", None)) is bool(count)
            assert told == {
                "controller_id": LIBERVOICE,
                "expected_completion_time": (NOON + timedelta(seconds=1.5)).isoformat(),
                "status_callback_url": f"{listener.address}/token",
                "subject_request_id": REQUEST_ID,
                "request_status": status,
            }
        assert await ledger(mock) == [("order", person.id), ("erase", person.id)]


async def test_who_asked_by_the_first_versions_names_is_called_by_them(
    shared: World, person: Person
) -> None:
    async with mocked(shared) as mock, listening() as listener:
        key = await certificate(mock)
        under = f"{PERFECTVIEW.replace('v2', 'v1')}/opengdpr_requests"
        await ask(mock, person, listener.address, under=under)
        await advance(mock, 0.6)
        headers, body = await listener.next()
    signature = base64.b64decode(headers["X-OpenGDPR-Signature"])
    key.verify(signature, body, padding.PKCS1v15(), SHA256())
    assert headers["X-OpenGDPR-Processor-Domain"] == "perfectview.example"


async def test_a_cancelled_request_is_called_as_such_and_no_more(
    shared: World, person: Person
) -> None:
    async with mocked(shared) as mock, listening() as listener:
        await ask(mock, person, f"{listener.address}/token")
        await mock.delete(f"{PERFECTVIEW}/requests/{REQUEST_ID}")
        _, body = await listener.next()
        await advance(mock, 5)
        assert listener.calls == [("/token", "cancelled")]
        assert json.loads(body)["expected_completion_time"] == "2025-06-02T12:00:01.500000+00:00"


async def test_a_call_comes_by_itself_when_its_time_has_come() -> None:
    shared = world(seed=1)  # with the real time, which nobody moves
    async with mocked(shared) as mock, listening() as listener:
        await ask(mock, cast(shared.people)[Role.RUNNING], f"{listener.address}/token")
        await listener.next()
        assert listener.calls[0] == ("/token", "in_progress")


async def test_nothing_waits_for_whoever_is_called(shared: World, person: Person) -> None:
    async with mocked(shared) as mock, listening() as listener:
        listener.answers.clear()
        await ask(mock, person, f"{listener.address}/token")
        await advance(mock, 2)
        await listener.next()
        state = await mock.get(f"{PERFECTVIEW}/requests/{REQUEST_ID}")
        assert state.json()["request_status"] == "completed"
        assert listener.calls == [("/token", "in_progress")]


def long_done() -> Job:
    """A request whose every change is due."""
    return Job(
        REQUEST_ID, LIBERVOICE, "erasure", frozenset(), NOON - timedelta(hours=1), "http://x"
    )


async def called(mood: Mood, *addresses: str) -> None:
    """Has a request followed to its end."""
    kernel = Kernel("subprocessors", world(seed=1, mood=mood, now=lambda: NOON))
    caller = Caller(kernel, Seal("perfectview.example", NOON), lambda: None)
    caller.follow(long_done(), addresses)
    await asyncio.wait_for(asyncio.gather(*caller._following), SOON)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_address_that_is_gone_is_not_called_again(status: int) -> None:
    async with listening() as listener:
        listener.statuses["/gone"] = status
        await called(Mood.NONE, *(f"{listener.address}/{name}" for name in ("gone", "here")))
    assert [call for call in listener.calls if call[0] == "/gone"] == [("/gone", "in_progress")]
    assert ("/here", "completed") in listener.calls


@pytest.mark.parametrize("status", [302, 403, 500, 503])
async def test_an_address_in_trouble_is_tried_once_for_each_change(status: int) -> None:
    async with listening() as listener:
        listener.statuses["/token"] = status
        await called(Mood.NONE, f"{listener.address}/token")
    assert listener.calls == [("/token", "in_progress"), ("/token", "completed")]


async def test_nobody_at_an_address_is_no_trouble() -> None:
    sock = bound(0)
    address = f"http://127.0.0.1:{port_of(sock)}/token"
    sock.close()
    async with listening() as listener:
        await called(Mood.NONE, address, f"{listener.address}/token")
    assert len(listener.calls) == 2


async def test_some_calls_are_left_out_in_a_nasty_mood() -> None:
    async with listening() as listener:
        await called(Mood.NASTY, *(f"{listener.address}/{number}" for number in range(20)))
    assert 0 < len(listener.calls) < 40


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8000/v1/callbacks/t", True),
        ("http://127.8.0.1/", True),
        ("http://[::1]:8000/", True),
        ("http://localhost:8000/", True),
        ("http://gateway.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://localhost.evil.example/", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://127.0.0.1:99999/", False),
        ("https://127.0.0.1/", False),
        ("file://127.0.0.1/etc", False),
        ("127.0.0.1:8000", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_ever_called(address: str, here: bool) -> None:
    assert on_loopback(address) is here
