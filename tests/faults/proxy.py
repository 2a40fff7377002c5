"""A TCP proxy between a connector and its upstream that does harm to chosen calls.

It reads HTTP/1.1 request by request, asks its `plan` what to do with each, and notes what came and
how many bytes it got rid of. What a fault does is a function of an `Exchange`: see `mischief`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

_ID = re.compile(r"(?=.*\d)(?![a-z]+\d{0,3}$).{3,}")  # a path segment that names one thing
_HOP = (b"connection:", b"content-length:", b"transfer-encoding:")


@dataclass(frozen=True, slots=True)
class Request:
    """One call as it came in; `nth` counts those with the same template from 1, `order` all."""

    head: bytes = field(repr=False)
    body: bytes = field(repr=False)
    method: str
    target: str = field(repr=False)
    template: str
    nth: int
    order: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream said, its body unpacked from whatever framing it had."""

    head: tuple[bytes, ...]  # status line, and the fields that are not about framing
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head[0].split()[1])

    def raw(self, *, body: bytes | None = None, length: int | None = None) -> bytes:
        """As bytes for the wire, with a length that may be a lie."""
        content = self.body if body is None else body
        if self.status in {204, 304}:
            return b"\r\n".join((*self.head, b"", b""))
        size = b"content-length: %d" % (len(content) if length is None else length)
        return b"\r\n".join((*self.head, size, b"", b"")) + content


@dataclass(slots=True)
class Exchange:
    """One call in the proxy's hands."""

    request: Request
    proxy: Proxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self, target: str | None = None) -> Answer:
        """Lets the call reach the upstream, under another target if one is given."""
        return await self.proxy.forward(self.request, target or self.request.target)

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()
        self.proxy.said += len(raw)

    async def trickle(self, raw: bytes, every: float) -> None:
        for place in range(len(raw)):
            await self.say(raw[place : place + 1])
            await asyncio.sleep(every)

    async def heard(self) -> None:
        """Gives the caller time to take in what was said, before something else happens."""
        await asyncio.sleep(0.001)

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        reset(self.writer)

    async def until_gone(self) -> None:
        while await self.reader.read(65_536):
            continue


Play = Callable[[Exchange], Awaitable[None]]
Plan = Callable[[Request], Play | None]
Greet = Callable[[int, asyncio.StreamWriter], bool]


async def _pass_on(exchange: Exchange) -> None:
    answer = await exchange.answer()
    if exchange.proxy.each:
        answer = Answer((*answer.head, b"connection: close"), answer.body)
    await exchange.say(answer.raw())


def _peace(_: Request) -> None:
    return None


def _welcome(_number: int, _writer: asyncio.StreamWriter) -> bool:
    return True


@dataclass(slots=True)
class Proxy:
    """Listens on loopback in front of `upstream` (port); `each`: a connection carries one call.

    `greet` may spoil a connection before anything is read from it: it is told its number, from 1.
    """

    upstream: int
    now: Callable[[], datetime]
    plan: Plan = _peace
    greet: Greet = _welcome
    each: bool = False
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    said: int = 0
    sizes: dict[str, int] = field(default_factory=dict)  # of what the upstream said, by target
    port: int = 0
    broken: list[BaseException] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget(self) -> None:
        """Begins to count anew, and does no harm."""
        self.requests, self._counts, self.connections, self.said = [], Counter(), 0, 0
        self.broken = []
        self.plan, self.greet, self.each = _peace, _welcome, False

    async def forward(self, request: Request, target: str) -> Answer:
        """The upstream's answer, over a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        first, _, fields = request.head.partition(b"\r\n")
        method, _, version = first.split(b" ")
        line = b" ".join((method, target.encode("ascii"), version))
        writer.write(line + b"\r\nconnection: close\r\n" + fields + request.body)
        try:
            raw = await reader.read(-1)
        finally:
            writer.close()
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        if any(line.lower() == b"transfer-encoding: chunked" for line in lines):
            body = _unchunked(body)
        self.sizes[target] = len(body)
        kept = tuple(line for line in lines if not line.lower().startswith(_HOP))
        return Answer(kept, body)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            if self.greet(self.connections, writer):
                await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the caller hung up, or the test is over
        except Exception as error:  # noqa: BLE001 -- a fault of ours must fail the test, not the call
            self.broken.append(error)
        finally:
            with suppress(OSError):
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            request = await self._read(reader)
            play = self.plan(request) or _pass_on
            await play(Exchange(request, self, reader, writer))
            if self.each:
                return

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        head = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(size[1])) if size else b""
        method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
        template = f"{method} {template_of(target)}"
        self._counts[template] += 1
        made = (template, self._counts[template], len(self.requests) + 1)
        self.requests.append(Request(head, body, method, target, *made))
        return self.requests[-1]


def template_of(target: str) -> str:
    """A path with its ids left out, and the names of what it asks for."""
    parts = urlsplit(target)
    segments = ["{id}" if _ID.fullmatch(one) else one for one in parts.path.split("/")]
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return "/".join(segments) + (f"?{','.join(names)}" if names else "")


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST in the place of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            break
        whole, body = whole + rest[:length], rest[length + 2 :]
    return whole
