"""The guard itself: an ASGI application around the application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_gateway.guard import http_log
from avgate_gateway.guard.address import check_address
from avgate_gateway.guard.body import WITH_BODY, Deadline, GoneError, admitted
from avgate_gateway.guard.header import Headers
from avgate_gateway.guard.limit import Limits
from avgate_gateway.guard.line import Line, Place
from avgate_gateway.guard.rate import STANDING, fields
from avgate_gateway.guard.reading import Reading
from avgate_gateway.guard.traffic import Traffic
from avgate_gateway.logs.fault import record
from avgate_gateway.problem import (
    INTERNAL_ERROR,
    UNAVAILABLE,
    Problem,
    ProblemError,
    ProblemResponse,
)

_ADDED = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
# A year, for this host alone: other names of the domain are the operator's to speak for, and a list
# in browsers cannot be left again soon (RFC 6797).
_OVER_HTTPS = ((b"strict-transport-security", b"max-age=31536000"),)

_BUSY = "So many calls wait for an answer already that this one would wait too long."
_TURNED_AWAY = ProblemResponse(Problem(UNAVAILABLE, _BUSY, headers={"retry-after": "1"}))
_HOLD_SECONDS = 1.0  # as long as Retry-After says; more if else so many a second were turned away
_TURNED_AWAY_PER_SECOND = 1_000
_HELD_PER_PLACE = 4  # calls that are held, for each that may wait
Pause = Callable[[float], Awaitable[object]]


class Guard:
    """Refuses what cannot be read one way, and stops every exception that nobody handled.

    Run uvicorn with `server_header=False`: it adds its name after everything else. `deadline`
    makes the context that ends reading a body after so many seconds, `pause` waits for so many.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits | None = None,
        traffic: Traffic | None = None,
        *,
        deadline: Deadline = asyncio.timeout,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._app = app
        self._limits = limits or Limits()
        self._deadline = deadline
        self._traffic = traffic or Traffic()
        self._pause = pause
        self._held = 0
        self._line = Line()
        self._reading = Reading(self._limits.at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._admit(scope, receive, _Answer(scope, send, self._traffic, self._limits))
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _admit(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Turns away, before anything of it is read, what would only wait behind all the others.

        Whoever watches over an overloaded gateway is answered all the same.
        """
        is_probe = http_log.is_probe(scope)
        if self._at_work() >= self._limits.at_once and not is_probe:
            await self._turn_away(scope, receive, answer)
            answer.tell()
            return
        if not is_probe:
            self._traffic.waiting.add(answer)
        try:
            await self._answer(scope, receive, answer)
        finally:
            self._traffic.begun(answer)
            answer.tell()

    def _at_work(self) -> int:
        """How many wait for their answer that have said all they want: the others take their time."""
        return len(self._traffic.waiting) - len(self._reading)

    async def _turn_away(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Answers after a moment: who asks again at once takes the time of those who were let in.

        Ten times too many calls, each refused in a fraction of what it takes to accept one, would
        still take most of it. So many are held at the most; each costs a timer.
        """
        if self._held < _HELD_PER_PLACE * self._limits.at_once:
            self._held += 1
            try:
                await self._pause(max(_HOLD_SECONDS, self._held / _TURNED_AWAY_PER_SECOND))
            finally:
                self._held -= 1
        self._traffic.unheard.refused(UNAVAILABLE)
        await _TURNED_AWAY(scope, receive, answer.send)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """The one place where every exception ends: the server's own log would show its message."""
        try:
            await self._pass_on(scope, receive, answer)
        except (GoneError, ClientDisconnect):
            return
        except ProblemError as error:
            if not answer.is_heard:
                self._traffic.unheard.refused(error.problem.type)
            await answer.refuse(error.problem, scope, receive)
        except Exception as error:  # noqa: BLE001 -- the last boundary; cancellation still passes
            record(error)
            await answer.refuse(Problem(INTERNAL_ERROR), scope, receive)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = Headers(scope)
        headers.check(self._limits)
        # What was looked at is what is read: a server may add trailers to its own list later.
        scope["headers"] = headers.raw
        check_address(scope, self._limits)
        async with self._reading.under_way() if scope["method"] in WITH_BODY else nullcontext():
            body = await admitted(scope, receive, self._limits, self._deadline)
        if self._at_work() > self._limits.at_once and answer in self._traffic.waiting:
            self._traffic.begun(answer)  # others came while its body did
            await self._turn_away(scope, body, answer)
            return
        may_wait = partial(self._traffic.set_aside, answer, self._limits.at_once)
        async with self._line.passed(scope["method"], may_wait) as answer.place:
            answer.is_heard = True
            await self._app(scope, body, answer.send)


class _Answer:
    """The answer on its way out: passes on what the application sends, as it sends it."""

    def __init__(self, scope: Scope, send: Send, traffic: Traffic, limits: Limits) -> None:
        self._method = scope["method"]
        self._limits = limits
        self._scope = scope
        scope[STANDING] = []
        self._send = send
        self._traffic = traffic
        self._has_begun = False
        self._since = time.monotonic()
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self.place: Place | None = None
        self.is_heard = False  # the application was called

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            self._traffic.begun(self)
            if self.place is not None:
                self.place.leave()
            self._traffic.answered(self._method, message["status"])
            self._status = message["status"]
            headers = self._headers = [*message.get("headers", ()), *fields(self._scope)]
            message = {**message, "headers": secured(headers, self._limits)}
        await self._send(message)

    def tell(self) -> None:
        """Says in the log what became of the call, or that its caller went before there was an answer."""
        http_log.tell(self._scope, self._status, time.monotonic() - self._since, self._headers)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        """Answers with a problem; an answer that has begun stays cut short, and looks it."""
        if not self._has_begun:
            await ProblemResponse(problem)(scope, receive, self.send)


def secured(headers: list[tuple[bytes, bytes]], limits: Limits) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with those that keep it out of caches, frames and guesses, and off http."""
    present = {name.lower() for name, _ in headers}
    kept = [(name, value) for name, value in headers if name.lower() != b"server"]
    added = _ADDED + _OVER_HTTPS if limits.is_https else _ADDED
    return kept + [(name, value) for name, value in added if name not in present]
