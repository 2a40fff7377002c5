"""Carries faults out, around an app that knows nothing of them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_mocks.connection import close, gone
from avgate_mocks.dialect import Dialect
from avgate_mocks.fault import Fault, Faults, Trouble

_TOKEN = "avgate_mocks.token_expired"  # noqa: S105 -- a key of the scope, not a secret
_DRIPS = 8
_DRIP_SECONDS = 0.15
_PAGE = "<!doctype html><title>Onderhoud</title><p>Wij zijn zo terug."


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call on its way to the app."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    trouble: Trouble

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def happen(self, send: Send) -> None:
        """Let the effect take place and say so to `send`."""
        await self.app(self.scope, self.receive, send)


def token_expired(request: Request) -> bool:
    """Whether this call's token is to be treated as run out, whatever it says."""
    return bool(request.scope.get(_TOKEN))


class Disturbance:
    """An ASGI app around a mock's own; paths that begin with `/_` are left in peace."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        dialect: Dialect,
        *,
        wall_clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        latency_seconds: float,
    ) -> None:
        self._app = app
        self._faults = faults
        self._dialect = dialect
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._latency_seconds = latency_seconds
        self._ways: Mapping[Fault, Callable[[Exchange], Awaitable[None]]] = {
            Fault.THROTTLE_SECONDS: self._throttle,
            Fault.THROTTLE_DATE: self._throttle,
            Fault.ERROR_500: self._error,
            Fault.ERROR_502: self._error,
            Fault.ERROR_503: self._error,
            Fault.HANG: _hang,
            Fault.HTML_200: _page,
            Fault.TOKEN_EXPIRED: _expire,
            Fault.SLOW_DRIP: self._drip,
            Fault.CUT_BODY: _cut,
            Fault.ANSWER_LOST: _lose,
            Fault.ERROR_AFTER: self._error_after,
            Fault.HANG_AFTER: _hang_after,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            return await self._app(scope, receive, send)
        if self._latency_seconds > 0:
            await self._sleep(self._latency_seconds)
        trouble = self._faults.next(scope["method"], scope["path"])
        if trouble is None:
            return await self._app(scope, receive, send)
        exchange = Exchange(self._app, scope, receive, send, trouble)
        return await self._ways[trouble.fault](exchange)

    async def _throttle(self, exchange: Exchange) -> None:
        response = self._dialect.refusal(429)
        if self._dialect.says_retry_after:
            response.headers["Retry-After"] = self._retry_after(exchange.trouble)
        await exchange.answer(response)

    def _retry_after(self, trouble: Trouble) -> str:
        seconds = math.ceil(trouble.seconds)
        if trouble.fault is Fault.THROTTLE_SECONDS:
            return str(seconds)
        # A second more, since an HTTP-date says no parts of one. The mock's moved time is not
        # used: a caller compares this date with its own clock.
        return format_datetime(self._wall_clock() + timedelta(seconds=seconds + 1), usegmt=True)

    async def _error(self, exchange: Exchange) -> None:
        await exchange.answer(self._dialect.refusal(int(exchange.trouble.fault[-3:])))

    async def _error_after(self, exchange: Exchange) -> None:
        await exchange.happen(_discard)
        await exchange.answer(self._dialect.refusal(504))

    async def _drip(self, exchange: Exchange) -> None:
        """Only the first piece of a long body, or a recording of minutes would take minutes."""
        is_begun = False

        async def slowly(message: Message) -> None:
            nonlocal is_begun
            body = b"" if is_begun else message.get("body", b"")
            if not body:
                await exchange.send(message)
                return
            is_begun = True
            size = math.ceil(len(body) / _DRIPS)
            for start in range(0, len(body) - size, size):
                await self._sleep(_DRIP_SECONDS)
                piece = {**message, "body": body[start : start + size], "more_body": True}
                await exchange.send(piece)
            await exchange.send({**message, "body": body[_last_start(len(body), size) :]})

        await exchange.happen(slowly)


def _last_start(length: int, size: int) -> int:
    return len(range(0, length - size, size)) * size


async def _hang(exchange: Exchange) -> None:
    await gone(exchange.receive)


async def _hang_after(exchange: Exchange) -> None:
    await exchange.happen(_discard)
    await gone(exchange.receive)


async def _page(exchange: Exchange) -> None:
    await exchange.answer(HTMLResponse(_PAGE))


async def _expire(exchange: Exchange) -> None:
    scope = {**exchange.scope, _TOKEN: True}
    await exchange.app(scope, exchange.receive, exchange.send)


async def _lose(exchange: Exchange) -> None:
    await exchange.happen(_discard)
    await close(exchange.scope, exchange.receive)


async def _cut(exchange: Exchange) -> None:
    """Send the head and half of the first piece of the body; an empty body cannot be cut."""
    whole = True

    async def halve(message: Message) -> None:
        nonlocal whole
        body = message.get("body", b"")
        if whole and body:
            whole = False
            await exchange.send({**message, "body": body[: len(body) // 2], "more_body": True})
        elif whole:
            await exchange.send(message)

    await exchange.happen(halve)
    if not whole:
        await close(exchange.scope, exchange.receive)


async def _discard(_message: Message) -> None:
    return None
