"""HTTP/1.1 calls over kept connections, as cheap as Python can make them.

A client that costs as much as the server it measures, on a machine with two cores, measures itself.
So a request is bytes made beforehand, and of an answer only status, length and body are read: some
15 microseconds a call. Answers carry a Content-Length; anything else is an error.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_REFUSED = 400
_SOON = 0.001  # seconds; what timers of loops cannot tell from now


@dataclass(slots=True)
class Load:
    """What came of a number of calls."""

    seconds: float = 0.0
    millis: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    millis_of: dict[int, list[float]] = field(default_factory=dict)  # by status
    told_when: Counter[int] = field(default_factory=Counter)  # answers with Retry-After, by status

    @property
    def per_second(self) -> float:
        return len(self.millis) / self.seconds

    def count(self, millis: float, status: int, head: bytes) -> None:
        self.millis.append(millis)
        self.statuses[status] += 1
        self.millis_of.setdefault(status, []).append(millis)
        if status >= _REFUSED and b"\r\nretry-after: " in head.lower():
            self.told_when[status] += 1


def post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as bytes."""
    return call("POST", path, {**headers, "content-type": "application/json"}, body)


def call(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def sent(
    address: str,
    calls: Iterator[bytes],
    connections: int,
    seconds: float = 3600,
    per_second: float | None = None,
) -> Load:
    """Sends calls over so many connections, each when the one before was answered.

    Ends when there are none left, or after so many seconds; what is under way then counts too. With
    `per_second`, no more than so many are begun.
    """
    return uvloop.run(send(address, calls, connections, seconds, per_second))


async def send(
    address: str,
    calls: Iterator[bytes],
    connections: int,
    seconds: float = 3600,
    per_second: float | None = None,
) -> Load:
    """As `sent`, in a loop that runs."""
    host, port = address.removeprefix("http://").split(":")
    load = Load()
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    pace = _Pace(1 / per_second if per_second else 0.0)
    crew = [_Sender(calls, load, pace, loop.create_future()) for _ in range(connections)]
    made = [await loop.create_connection(partial(_itself, one), host, int(port)) for one in crew]
    begin = time.perf_counter()
    for one in crew:
        one.begin(begin + seconds)
    try:
        await asyncio.gather(*(one.over for one in crew))
    finally:
        load.seconds = time.perf_counter() - begin
        for transport, _ in made:
            transport.close()
    return load


def _itself(sender: _Sender) -> _Sender:
    return sender


@dataclass(slots=True)
class _Pace:
    """When the next call may begin, over all connections; a pace that cannot be held is let go."""

    every: float
    next_at: float = 0.0

    def wait(self, now: float) -> float:
        self.next_at = max(self.next_at + self.every, now)
        return self.next_at - now


class _Sender(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, calls: Iterator[bytes], load: Load, pace: _Pace, over: asyncio.Future[None]
    ) -> None:
        self._calls = calls
        self._load = load
        self._pace = pace
        self._end = 0.0
        self.over = over
        self._answer = b""
        self._head = 0
        self._wanted = 0
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but type

    def begin(self, end: float) -> None:
        self._end = end
        self._next()

    def data_received(self, data: bytes) -> None:
        answer = self._answer = self._answer + data if self._answer else data
        if not self._wanted:
            head_end = answer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            length = _LENGTH.search(answer, 0, head_end)
            if length is None:
                self._fail(RuntimeError("an answer without a length"))
                return
            self._head = head_end + 2
            self._wanted = head_end + 4 + int(length[1])
        if len(answer) < self._wanted:
            return
        millis = (time.perf_counter() - self._sent_at) * 1000
        self._load.count(millis, int(answer[9:12]), answer[: self._head])
        self._answer, self._wanted = b"", 0
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the connection was closed"))

    def _next(self) -> None:
        wait = self._pace.wait(time.perf_counter()) if self._pace.every else 0.0
        if wait > _SOON:
            asyncio.get_running_loop().call_later(wait, self._go_on)
        else:
            self._go_on()

    def _go_on(self) -> None:
        now = time.perf_counter()
        request = next(self._calls, None) if now < self._end else None
        if request is None:
            if not self.over.done():
                self.over.set_result(None)
            return
        self._sent_at = now
        if self._transport is not None:
            self._transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self.over.done():
            self.over.set_exception(error)
