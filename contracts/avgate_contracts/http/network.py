"""The network without detours: a transport for httpx that costs a third of its own.

httpx's own transport goes through four layers and looks through its whole pool at every call. Most
of what a gateway does is calls, so its service uses this one; connectors notice nothing of it, and
tests keep the library's own, which recordings and mocks know how to replace.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from avgate_contracts.destination import Destinations, Origin
from avgate_contracts.http.confined import destinations_of
from avgate_contracts.http.connection import Connection, Exchange
from avgate_contracts.http.library import (
    URL,
    Answer,
    AsyncBaseTransport,
    AsyncByteStream,
    ConnectTimeout,
    LocalProtocolError,
    Request,
    Sent,
    trusted,
)
from avgate_contracts.http.no_connection import NoConnectionError, why_none
from avgate_contracts.http.road import Road

_IDLE = 5.0  # seconds; longer than this, and servers close a connection while it is being reused
_PORTS = {"http": 80, "https": 443}
Kept = tuple[Origin, Destinations]  # a connection serves only whom it would be made for


class Network(AsyncBaseTransport):
    """HTTP/1.1 over the event loop's own connections; certificates verified, no proxies.

    A connection is made only to addresses that the call's destinations let through; where nothing
    is said of them, as for a call that no client has made, only to public ones.
    How many connections there are is up to the caller, who knows how many calls an upstream bears.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, road: Road | None = None) -> None:
        self._tls = tls
        self._road = road or Road()
        self._idle: defaultdict[Kept, list[tuple[float, Connection]]] = defaultdict(list)
        self._is_closed = False

    async def handle_async_request(self, request: Request) -> Answer:
        """Sends a request; raises TransportError as httpx's own transport does.

        And MisconfiguredError for a host that leads where no upstream may be.
        """
        timeout: dict[str, float | None] = request.extensions.get("timeout", {})
        body = request.stream if isinstance(request.stream, Sent) else None
        message = _message(request, b"" if body else request.content)
        to = _origin(request.url), destinations_of(request)
        connection = self._waiting(to) or await self._opened(to, timeout.get("connect"))
        try:
            exchange = await connection.ask(
                message, has_no_body=request.method == "HEAD", body=body
            )
        except BaseException:
            connection.abort()
            raise
        stream = _Body(self, to, connection, exchange, timeout.get("read"))
        return Answer(exchange.status, headers=exchange.headers, stream=stream)

    async def aclose(self) -> None:
        """Closes every connection that waits to be used, and any other once its call has ended."""
        self._is_closed = True
        for waiting in self._idle.values():
            for _, connection in waiting:
                connection.abort()
        self._idle.clear()

    def keep(self, to: Kept, connection: Connection) -> None:
        """Takes a connection back after a call, if it can carry another."""
        if not connection.done():
            return
        if self._is_closed:  # nobody would close it any more
            connection.abort()
        else:
            self._idle[to].append((time.monotonic(), connection))

    def _waiting(self, to: Kept) -> Connection | None:
        """The one that was used last; those that are too old, or have something to say, go."""
        waiting = self._idle[to]
        while waiting:
            since, connection = waiting.pop()
            if time.monotonic() - since < _IDLE and connection.is_fresh:
                return connection
            connection.abort()
        return None

    async def _opened(self, to: Kept, seconds: float | None) -> Connection:
        origin, destinations = to
        secure = (self._tls or trusted()) if origin.scheme == "https" else None
        name = origin.host if secure else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                sock = await self._road.to(origin, destinations)
                _, connection = await loop.create_connection(
                    Connection, sock=sock, ssl=secure, server_hostname=name
                )
        except TimeoutError:
            raise ConnectTimeout("no connection in time") from None
        except OSError as error:  # a name that is not known and a wrong certificate are such, too
            raise NoConnectionError(why_none(error)) from None
        return connection


class _Body(AsyncByteStream):
    """The body of one answer; closing it gives its connection back."""

    def __init__(
        self,
        network: Network,
        to: Kept,
        connection: Connection,
        exchange: Exchange,
        seconds: float | None,
    ) -> None:
        self._network = network
        self._to = to
        self._connection: Connection | None = connection
        self._exchange = exchange
        self._seconds = seconds

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._connection is None:
            return _nothing()
        return self._connection.body(self._exchange, self._seconds)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._network.keep(self._to, connection)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def _origin(url: URL) -> Origin:
    return Origin(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])


def _message(request: Request, content: bytes) -> bytes:
    """The request as it is sent: RFC 9112, section 3."""
    lines: list[Any] = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += (b"%b: %b" % field for field in request.headers.raw)
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        raise LocalProtocolError("a line break in a header or an address")
    return head + b"\r\n\r\n" + content
