"""A connection that is given up while it is being set up is closed, and not left to the collector."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from threading import Event

from avgate_gateway.store.postgresql import writers

from .cluster import shared
from .proxy import Proxy

_LONGEST = 20.0


@dataclass
class Holding(Proxy):
    """Keeps back the first thing that is asked once the connection stands, until somebody leaves."""

    asked: Event = field(default_factory=Event)
    left: Event = field(default_factory=Event)

    def _pump(self, one: socket.socket, other: socket.socket, way: Event) -> None:
        while data := one.recv(65536):
            if b"transaction_timeout" in data:
                self.asked.set()
                one.recv(65536)  # the driver says goodbye, or just goes
                self.left.set()
                return
            way.wait()
            other.sendall(data)


async def test_who_gives_up_while_it_is_set_up_closes_it() -> None:
    proxy = Holding(shared().port)
    engine = writers(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres")
    connecting = asyncio.ensure_future(engine.connect().start())
    try:
        assert await asyncio.to_thread(proxy.asked.wait, _LONGEST)
        connecting.cancel()
        await asyncio.wait([connecting])
        assert await asyncio.to_thread(proxy.left.wait, _LONGEST)
    finally:
        await engine.dispose()
        proxy.end()
