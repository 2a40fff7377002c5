"""The guard on a real socket, and bytes sent to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from avgate_gateway import problem
from avgate_gateway.guard import Guard, Limits, Traffic
from avgate_gateway.http_server import configured

from .guarded import MARKER

START = b"POST /v1/requests HTTP/1.1\r\nConnection: close\r\n"
HOSTED = START + b"Host: gateway\r\nContent-Type: application/json\r\n"


@dataclass(slots=True)
class Listening:
    """A server: its port, how often its application was called, and what it may be asked to wait for."""

    port: int
    app: FastAPI
    protocol: Any
    traffic: Traffic

    def begin(self) -> None:
        """As if nothing had been called yet."""
        self.app.state.seen.clear()
        self.app.state.entered, self.app.state.go_on = asyncio.Event(), asyncio.Event()

    @property
    def calls(self) -> int:
        return len(self.app.state.seen)


def served() -> FastAPI:
    app = FastAPI()
    app.state.seen = []
    app.state.entered, app.state.go_on = asyncio.Event(), asyncio.Event()
    problem.install(app)

    @app.post("/v1/requests", status_code=202)
    async def accept(request: Request) -> Any:
        app.state.seen.append(dict(request.headers))
        return await request.json()

    @app.get("/slow")
    async def slow() -> str:
        app.state.seen.append({})
        app.state.entered.set()
        await app.state.go_on.wait()
        return "done"

    @app.get("/peer")
    async def peer(request: Request) -> Any:
        return request.client and request.client.host

    @app.get("/large")
    async def large() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(1_000):
                yield b"x" * 65_536

        app.state.seen.append({})
        return StreamingResponse(pieces())

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            yield b"data: 2\n\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(MARKER)

    return app


@asynccontextmanager
async def listening(limits: Limits) -> AsyncIterator[Listening]:
    listener = socket.create_server(("127.0.0.1", 0))
    app = served()
    traffic = Traffic()
    config = configured(Guard(app, limits, traffic), limits, traffic)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield Listening(listener.getsockname()[1], app, config.http, traffic)
    finally:
        app.state.go_on.set()
        server.should_exit = True
        await running
        listener.close()


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Sends bytes, each piece in a packet of its own, and reads until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Looks again and again, and gives up after ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 -- nothing tells when a server has noticed
            await asyncio.sleep(0.005)


def told(answer: bytes) -> tuple[int, str]:
    """Status and type of the problem that an answer is; fails for anything that is not one problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), answer[:200]
    assert b"server:" not in head.lower()
    problem_ = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % problem_["status"])
    return problem_["status"], problem_["type"].rpartition("/")[2]
