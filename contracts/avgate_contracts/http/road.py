"""From a host to a connected socket, by addresses that were looked at before anything is sent.

A name is resolved once. Every answer is judged, and the socket goes to one of the answers that were
judged, never through the name again: a server that answers otherwise the second time is not asked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TypeAlias

from avgate_contracts.destination import Address, Destinations, Origin, literal
from avgate_contracts.errors import MisconfiguredError
from avgate_contracts.http.library import ConnectError

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
Dial: TypeAlias = Callable[[Address, int], Awaitable[socket.socket]]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver has for a name, in its order; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def dial(address: Address, port: int) -> socket.socket:
    """A socket that is connected to an address; raises OSError."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


class Road:
    """How a transport reaches hosts; `resolve` and `dial` are the system's unless a test has others."""

    def __init__(self, resolve: Resolve = resolve, dial: Dial = dial) -> None:
        self._resolve = resolve
        self._dial = dial

    async def to(self, origin: Origin, destinations: Destinations) -> socket.socket:
        """A socket to the first address that answers.

        Raises MisconfiguredError if any address is none that may be called, and OSError.
        """
        _held_to(destinations.why_not(origin))
        addresses = await self._addresses(origin)
        _held_to(destinations.why_not_to(origin, addresses))
        refused: OSError = ConnectionError("the name has no address")
        for address in addresses:
            try:
                made = await self._dial(address, origin.port)
            except OSError as error:
                refused = error
                continue
            _is_at(made, address, origin.port)
            return made
        raise refused

    async def _addresses(self, origin: Origin) -> list[Address]:
        written = literal(origin.host)
        if written is not None:
            return [written]
        try:
            return [ip_address(text) for text in await self._resolve(origin.host, origin.port)]
        except ValueError:
            raise ConnectError("a name resolves to something that is no address") from None


def _held_to(why: str | None) -> None:
    if why is not None:
        raise MisconfiguredError(f"the upstream was not called: {why}")


def _is_at(made: socket.socket, address: Address, port: int) -> None:
    """Closes a socket that leads elsewhere than it was sent; nothing has been written to it."""
    host, to, *_ = made.getpeername()
    if (ip_address(host), to) != (address, port):
        made.close()
        raise MisconfiguredError("the upstream was not called: the connection went elsewhere")
