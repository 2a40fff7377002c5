"""An event loop whose time passes only when nobody has anything left to do, and then at once.

Sockets are real; the minutes of a time-out are not waited for. Names are resolved by a table, and
every connection goes over `road`, so that a test sees, and may spoil, each one.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Road = Callable[[tuple[str, int]], Awaitable[tuple[str, int]]]
Resolve = Callable[[], Awaitable[str]]

_LOOKS = 3  # how often a socket is asked before time passes: the kernel may still be delivering


class _Jumping(selectors.EpollSelector):
    """Lets time pass in steps that double, with a look at the sockets before each."""

    def __init__(self, grace: float, step: float) -> None:
        super().__init__()
        self.passed = 1000.0
        self._grace = grace
        self._first_step = self._step = step

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        for _ in range(_LOOKS):
            found = super().select(0)
            if found or timeout <= 0:
                self._step = self._first_step
                return found
            time.sleep(self._grace)
        self.passed += min(timeout, self._step)
        self._step *= 2
        return super().select(0)


async def _straight(address: tuple[str, int]) -> tuple[str, int]:
    return address


class RuledLoop(asyncio.SelectorEventLoop):
    """`grace`: real seconds given to sockets and threads before time passes, a third at a time.

    `step`: ruled seconds that pass at most at the first time of waiting; then twice as many.
    """

    def __init__(self, grace: float = 0.0003, step: float = 1.0) -> None:
        self._jumping = _Jumping(grace / _LOOKS, step)
        super().__init__(self._jumping)
        # After some months a nanosecond, as of a real clock, no longer shows in a float: what is due
        # now would be due for ever.
        self._clock_resolution = 1e-6
        self.names: Mapping[str, Resolve] = {}
        self.road: Road = _straight

    def time(self) -> float:
        return self._jumping.passed

    async def getaddrinfo(  # type: ignore[override]  # as asyncio's own, which typeshed splits up
        self, host: str, port: int, **_: Any
    ) -> list[tuple[Any, ...]]:
        """An address from the table; another name than those in it does not exist."""
        text = host.decode("ascii") if isinstance(host, bytes) else host
        if text[:1].isdigit():
            found = text
        elif text in self.names:
            found = await self.names[text]()
        else:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (found, port))]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await super().sock_connect(sock, await self.road(address))
