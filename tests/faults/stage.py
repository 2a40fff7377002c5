"""One real connector, the mock of its upstream, and the proxy between them, in ruled time."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

import avgate_contracts as sdk
from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_directory import DirectoryConnector
from avgate_mocks.connection import ClosingProtocol
from avgate_mocks.people import Person, Volume
from avgate_mocks.people.invention import invent
from avgate_mocks.people.person import Period
from avgate_mocks.serving import bound, port_of
from avgate_mocks.upstreams import MOCKS
from avgate_mocks.world import World, world
from avgate_operator import OperatorConnector
from avgate_subprocessors import SubprocessorsConnector
from avgate_xelion import XelionConnector

from .proxy import Proxy
from .ruled import RuledLoop

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
NAMED = "localhost"  # a name that the ruled loop resolves as a test says, and that may lead here
CONTROLLER = "libervoice"
CONNECTORS: dict[str, Any] = {
    "operator": OperatorConnector,
    "xelion": XelionConnector,
    "directory": DirectoryConnector,
    "subprocessors": SubprocessorsConnector,
}
MOST = 256 * 1024  # bytes of an answer: what "endless" is held against, and soon reached
_NOTHING = Volume()
_LITTLE = Volume(
    calls=5, sessions=1, voicemails=1, recordings=1, contacts=2,
    xelion_calls=3, xelion_voicemails=1, xelion_recordings=1,
)  # fmt: skip
# The core network erases only what has ended; the others know whoever is a customer.
_CONTRACT = {"operator": Period(date(2023, 1, 10), date(2025, 7, 31))}
_RUNS = Period(date(2026, 1, 10))
_PAGES = {"operator": 3}  # rows in a page at most, so that lists have several


def transport() -> Callable[[], Any] | None:
    """The service's own; with `AVGATE_TRANSPORT=library` httpx's, which a client makes by itself.

    `AVGATE_TRANSPORT=module:function` is any other; the function takes nothing.
    """
    named = os.environ.get("AVGATE_TRANSPORT", "")
    if named == "library":
        return None
    module, _, function = named.partition(":")
    made: Callable[[], Any] = (
        getattr(importlib.import_module(module), function) if named else Network
    )
    return made


def _cast(name: str, shared: World) -> tuple[World, Person, Person]:
    """The world with two ordinary people replaced: the subject, and another, with a little each."""
    ours = [person for person in shared.people[9:] if person.controller == CONTROLLER]
    contract = _CONTRACT.get(name, _RUNS)
    first, second = (
        replace(invent(shared.seed, one.position, shared.as_of, contract=contract), volume=_LITTLE)
        for one in ours[:2]
    )
    made = {first.id: first, second.id: second}
    people = (made.get(one.id, replace(one, volume=_NOTHING)) for one in shared.people)
    return replace(shared, people=tuple(people)), first, second


Road = Callable[[int, tuple[str, int]], Awaitable[tuple[str, int]]]


async def _open(_number: int, address: tuple[str, int]) -> tuple[str, int]:
    return address


class _Server(uvicorn.Server):
    """A server that looks at no clock: each second of it would be one more step of ruled time."""

    def __init__(self, app: ASGIApp) -> None:
        plain: Any = {"http": ClosingProtocol, "ws": "none", "lifespan": "off", "log_config": None}
        super().__init__(uvicorn.Config(app, access_log=False, **plain))
        self.over = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.over.wait()


@asynccontextmanager
async def _served(sock: socket.socket, app: ASGIApp) -> AsyncIterator[None]:
    server = _Server(app)
    task = asyncio.create_task(server.serve([sock]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        server.over.set()
        await task


@dataclass
class Stage:
    """`subject` is whose data it is about; `other` somebody else whom the upstream knows."""

    name: str
    loop: RuledLoop
    kind: Any = None  # of connector; ours, if nothing is said
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    app: ASGIApp | None = None
    strays: list[tuple[str, int]] = field(default_factory=list)
    roads: int = 0
    road: Road = _open

    async def start(self) -> None:
        self.begun = self.loop.time()
        shared = world(seed=5, count=24, now=self.now, sleep=asyncio.sleep)
        self.world, self.subject, self.other = _cast(self.name, shared)
        sock = bound(0)
        self.mock = port_of(sock)
        await self.exits.enter_async_context(_served(sock, self._now_playing()))
        self.proxy = Proxy(self.mock, self.now)
        await self.proxy.start()
        self.exits.push_async_callback(self.proxy.stop)
        self.loop.road = self._road
        closed = self.exits.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))  # and never listened on
        self.nobody = port_of(closed)
        self.rebuild()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.loop.time() - self.begun)

    def rebuild(self) -> None:
        """A mock that nothing has happened to."""
        self.forget()
        self.begun = self.loop.time()
        more = {"largest_page": _PAGES[self.name]} if self.name in _PAGES else {}
        build: Any = MOCKS[self.name].build
        self.app = build(self.world, self.proxy.port, **more)

    def _now_playing(self) -> ASGIApp:
        """The mock of the day: a function, for uvicorn takes a method for another protocol."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert self.app is not None
            await self.app(scope, receive, send)

        return app

    async def _road(self, address: tuple[str, int]) -> tuple[str, int]:
        """Nothing of ours may go anywhere but to the proxy and the mock."""
        if address[1] == self.mock:
            return address
        if address[1] != self.proxy.port:
            self.strays.append(address)
        self.roads += 1
        return await self.road(self.roads, address)

    def forget(self) -> None:
        """All is in peace again, and counted anew."""
        self.proxy.forget()
        self.strays, self.roads, self.road, self.loop.names = [], 0, _open, {}

    async def ledger(self) -> list[dict[str, Any]]:
        """What has really happened at the mock."""
        return list((await self._looked("/_ledger"))["effects"])

    async def _looked(self, path: str) -> Any:
        assert self.app is not None
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://mock.test"
        ) as client:
            return (await client.get(path)).json()

    @asynccontextmanager
    async def connector(self, *, base: str | None = None, seed: int = 7) -> AsyncIterator[Any]:
        """A connector with a client of its own, that looks for its upstream at `base`."""
        kind = self.kind or CONNECTORS[self.name]
        limits = replace(kind.manifest.limits, max_response_bytes=MOST)
        section = json.dumps(
            MOCKS[self.name].config_section(self.world, CONTROLLER, self.proxy.port)
        )
        at = f"http://127.0.0.1:{self.proxy.port}"
        settings = kind.settings_type(**json.loads(section.replace(at, base or at)))
        runtime = Runtime(
            transport=transport(),
            now=self.now,
            sleep=asyncio.sleep,
            monotonic=self.loop.time,
            random=random.Random(seed),  # noqa: S311 -- chance that repeats is the point
        )
        async with sdk.open_client(settings, limits, runtime) as http:
            yield kind(settings, http)
