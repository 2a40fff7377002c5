"""Clients over transports made of plain functions, and over a small server that misbehaves."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from avgate_contracts import (
    ConnectorSettings,
    Credentials,
    HttpClient,
    Limits,
    NoCredentials,
    Runtime,
    open_client,
)
from avgate_contracts.http.tracing import Tracing

BASE = "https://upstream.example/api/v1"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Clock:
    """Time that passes only while somebody sleeps, or when a test says so."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@dataclass
class Turns:
    """A handler that answers turn by turn, and keeps what it was asked."""

    answers: list[httpx.Response | Exception]
    asked: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clients:
    """Opens clients with a hand-turned clock, and closes them when the test is over."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.opened: list[HttpClient] = []

    def over(
        self,
        handler: Handler | None,
        *,
        limits: Limits | None = None,
        credentials: Credentials | None = None,
        base_url: str = BASE,
        hosts: frozenset[str] | None = None,
        real_time: bool = False,
        tracing: Tracing | None = None,
        passes_trace: bool = False,
    ) -> HttpClient:
        class Settings(ConnectorSettings):
            def credentials(self) -> Credentials:
                return credentials or NoCredentials()

            def hosts(self) -> frozenset[str]:
                return super().hosts() if hosts is None else hosts

        runtime = Runtime(
            transport=None if handler is None else lambda: httpx.MockTransport(handler),
            now=self.clock.now,
            sleep=self.clock.sleep,
            random=random.Random(7),  # noqa: S311 -- chance that repeats is the point
            tracing=tracing,
        )
        if not real_time:
            runtime = Runtime(
                transport=runtime.transport,
                now=runtime.now,
                sleep=runtime.sleep,
                monotonic=self.clock.monotonic,
                random=runtime.random,
                tracing=tracing,
            )
        settings = Settings(base_url=base_url, passes_trace=passes_trace)
        client = open_client(settings, limits or Limits(), runtime)
        self.opened.append(client)
        return client


@dataclass
class Misbehaving:
    """A server whose connections follow scripts; `heads` are the requests that came in."""

    base_url: str
    scripts: list[Script]
    heads: list[bytes] = field(default_factory=list)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def clients(clock: Clock) -> AsyncIterator[Clients]:
    made = Clients(clock)
    yield made
    for client in made.opened:
        await client.aclose()


@pytest.fixture
def turns() -> Callable[..., Turns]:
    return lambda *answers: Turns(list(answers))


@pytest.fixture
async def upstream() -> AsyncIterator[Misbehaving]:
    """Every request that comes in is handed to the next script; the last one stays."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while not writer.is_closing():
                server.heads.append(await _request(reader))
                script = server.scripts.pop(0) if len(server.scripts) > 1 else server.scripts[0]
                await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client hung up
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server = Misbehaving(f"http://127.0.0.1:{port}", [])
    yield server
    listener.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # for the sockets to be closed


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections: bound, and never listened on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def scripts() -> type[Scripts]:
    return Scripts


class Scripts:
    """What a server can do once it has read a request."""

    @staticmethod
    def says(raw: bytes, *, then_close: bool = False) -> Script:
        async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)
            await writer.drain()
            if then_close:
                writer.close()

        return script

    @staticmethod
    def answers(body: bytes, status: str = "200 OK", *fields: str) -> Script:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *fields, "", ""]
        return Scripts.says("\r\n".join(lines).encode() + body)

    @staticmethod
    async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    @staticmethod
    async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    @staticmethod
    def repeats(head: bytes, piece: bytes, every: float) -> Script:
        async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            while not writer.is_closing():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(every)

        return script


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return head
