"""Serves mocks on loopback sockets, all in one event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from avgate_mocks.connection import ClosingProtocol

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs the loop, and stops at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told_to_stop = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._told_to_stop.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # a tick sets the Date header: one a second is enough
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), 1)


def bound(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 lets the system choose.

    Raises OSError if the port is taken.
    """
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only then.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.listen(1024)
    return sock


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


@asynccontextmanager
async def served(apps: Mapping[socket.socket, ASGIApp]) -> AsyncIterator[None]:
    """Serve each app on its socket until the block is left; inside it, all of them answer."""
    servers = {sock: _server(app) for sock, app in apps.items()}
    # The sockets listen already: a call made before uvicorn has started waits in the backlog.
    tasks = [asyncio.create_task(server.serve([sock])) for sock, server in servers.items()]
    try:
        yield
    finally:
        for server in servers.values():
            server.stop()
        await asyncio.gather(*tasks)


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=ClosingProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,  # a hanging call must not keep the mocks alive
        )
    )
