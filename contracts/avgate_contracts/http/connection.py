"""One connection to an upstream, for one call after the other: HTTP/1.1, RFC 9112.

Reading HTTP is llhttp's (`httptools`), which is strict about where a message ends. Ours is what to
make of it: whatever comes that nobody asked for ends the connection, for it would be taken for the
answer to the next call, and so for somebody else's data.
"""

from __future__ import annotations

import asyncio
import re
import select
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import httptools

from avgate_contracts.http.library import ReadError, ReadTimeout, RemoteProtocolError, WriteError

Headers = list[tuple[bytes, bytes]]

_LONGEST_HEAD = 128 * 1024  # bytes up to the body, interim answers included
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_AHEAD = 256 * 1024  # bytes of a body that are read before somebody asks for them


@dataclass(slots=True)
class Exchange:
    """What has come so far of the answer to one call."""

    has_no_body: bool  # the answer to HEAD: its headers speak of a body that does not follow
    status: int = 0
    headers: Headers = field(default_factory=list)
    is_headed: bool = False
    is_complete: bool = False
    may_reuse: bool = False
    ends_with_connection: bool = True
    pieces: deque[bytes] = field(default_factory=deque)
    size: int = 0  # bytes in pieces
    head_size: int = 0
    error: Exception | None = None


class Connection(asyncio.Protocol):
    """Made by the event loop when it connects; used by one call at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._news: asyncio.Future[None] | None = None
        self._is_spoilt = False
        self._is_paused = False
        self._room = asyncio.Event()  # to write more
        self._room.set()

    # What a call does.

    async def ask(
        self, message: bytes, *, has_no_body: bool, body: AsyncIterable[bytes] | None = None
    ) -> Exchange:
        """Sends a request, and waits for the headers of its answer; raises TransportError.

        `message` is all of it, or all before the body where that is sent piece by piece.
        """
        if self._transport is None or self._is_spoilt:
            raise WriteError("the connection was closed")
        exchange = self._exchange = Exchange(has_no_body)
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(message)
        if body is not None:
            await self._send(exchange, body)
        while not exchange.is_headed:
            await self._heard(exchange)
        return exchange

    async def body(self, exchange: Exchange, seconds: float | None) -> AsyncIterator[bytes]:
        """The body as it comes; no longer than so many seconds from one piece to the next."""
        while True:
            while exchange.pieces:
                piece = exchange.pieces.popleft()
                exchange.size -= len(piece)
                self._go_on_reading(exchange)
                yield piece
            if exchange.is_complete:
                return
            try:
                async with asyncio.timeout(seconds):
                    await self._heard(exchange)
            except TimeoutError:
                raise ReadTimeout("the body stopped coming") from None

    async def _send(self, exchange: Exchange, body: AsyncIterable[bytes]) -> None:
        """Sends a body as fast as it is taken; an answer that comes before its end is the answer."""
        async for piece in body:
            if self._transport is None or exchange.is_headed or exchange.error is not None:
                self._is_spoilt = True  # the rest of the body would be taken for another call
                return
            self._transport.write(piece)
            await self._room.wait()

    def done(self) -> bool:
        """Ends a call; whether the connection can carry another one."""
        exchange, self._exchange = self._exchange, None
        if exchange is None or not (exchange.is_complete and exchange.may_reuse):
            self._is_spoilt = True
        if self._is_spoilt:
            self.abort()
        return not self._is_spoilt

    @property
    def is_fresh(self) -> bool:
        """Whether it is still open and silent: one that has something to say is not used again."""
        if self._is_spoilt or self._transport is None or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def abort(self) -> None:
        """Closes at once, whatever is under way."""
        self._is_spoilt = True
        if self._transport is not None:
            self._transport.abort()

    async def _heard(self, exchange: Exchange) -> None:
        if exchange.error is not None:
            raise exchange.error
        self._news = asyncio.get_running_loop().create_future()
        try:
            await self._news
        finally:
            self._news = None
        if exchange.error is not None and not exchange.pieces:
            raise exchange.error

    def _go_on_reading(self, exchange: Exchange) -> None:
        if self._is_paused and exchange.size < _MOST_AHEAD and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.is_complete:
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(RemoteProtocolError("what came is not HTTP"))
            return
        if not exchange.is_headed:  # else the rest of it is body, of any length
            exchange.head_size += len(data)
            if exchange.head_size > _LONGEST_HEAD:
                self._fail(RemoteProtocolError("the headers have no end"))
                return
        if exchange.size > _MOST_AHEAD and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> bool:
        exchange = self._exchange
        self._is_spoilt = True
        if exchange is not None and not exchange.is_complete:
            if exchange.is_headed and exchange.ends_with_connection:
                exchange.is_complete = True
                self._tell()
            else:
                self._fail(RemoteProtocolError("the connection ended before the answer"))
        return False

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_spoilt = True
        self._room.set()
        if self._exchange is not None and not self._exchange.is_complete:
            told = type(error).__name__ if error else "it was closed"
            self._fail(ReadError(f"the connection was lost: {told}"))

    def _fail(self, error: Exception) -> None:
        if self._exchange is not None and self._exchange.error is None:
            self._exchange.error = error
        self._tell()
        self.abort()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # What the parser tells.

    def on_message_begin(self) -> None:
        if self._exchange is not None and self._exchange.is_complete:
            self._is_spoilt = True  # a second answer

    def on_status(self, phrase: bytes) -> None:
        """Controls in the reason phrase, which RFC 9112 section 4 does not have, are let in by llhttp."""
        if _CONTROL.search(phrase):
            raise ValueError("a control in the reason phrase")  # the parser's error, from here on

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.is_headed or self._is_spoilt:
            return
        exchange.headers.append((name, value))
        if name.lower() in {b"content-length", b"transfer-encoding"}:
            exchange.ends_with_connection = False

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None or self._is_spoilt:
            return
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer; the real one follows
            exchange.headers.clear()
            exchange.ends_with_connection = True
            return
        exchange.status = status
        exchange.is_headed = True
        exchange.may_reuse = self._parser.should_keep_alive()
        if exchange.has_no_body:
            exchange.is_complete, exchange.may_reuse = True, False

    def on_body(self, body: bytes) -> None:
        exchange = self._exchange
        if exchange is not None and exchange.is_headed and not exchange.is_complete:
            exchange.pieces.append(body)
            exchange.size += len(body)

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is not None and exchange.is_headed:
            exchange.is_complete = True
