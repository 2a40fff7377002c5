"""The transport that a connector's client is given in a test: it watches, and makes things fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import httpx

from avgate_contracts.credentials import (
    ClientCredentials,
    Credentials,
    Exchange,
    Session,
    Token,
)
from avgate_contracts.http.call import READS
from avgate_contracts.kit.fault import Fault, Scene

_TOO_MANY = 3000  # calls in one story: nothing that ends asks for so much


class NotRecordedError(httpx.ConnectError):
    """An upstream made of recordings does not know what it would have answered to this."""


class RunawayError(BaseException):
    """A connector calls without end; no connector may catch it, or it would go on."""


@dataclass(slots=True)
class Asked:
    """One request as it was seen, and how it ended: a status, a fault's name, or nothing yet."""

    number: int  # from 0, in the whole story
    nth: int  # the same, requests for tokens left out
    step: str
    host: str
    method: str
    path: str
    target: str = field(repr=False)  # path and query
    key: str | None = field(repr=False)
    body: bytes = field(repr=False)
    is_token: bool  # made to get a token, not by the connector
    at: float  # seconds on the clock
    end: int | str | None = None

    @property
    def is_write(self) -> bool:
        """Whether it may change something upstream."""
        return self.method not in READS and not self.is_token


Plan: TypeAlias = Callable[[Asked], Fault | None]


def nothing_happens(_: Asked) -> Fault | None:
    """The plan of a happy day."""
    return None


class FaultTransport(httpx.AsyncBaseTransport):
    """Stands between all clients of one story and its upstream.

    `plan` decides for each request whether something goes wrong. A client may close it: the next
    step's client goes on with it.
    """

    def __init__(
        self,
        upstream: httpx.AsyncBaseTransport,
        credentials: Credentials,
        now: Callable[[], datetime],
        *,
        plan: Plan = nothing_happens,
        gossip: str = "",
    ) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._now = now
        self._plan = plan
        self._gossip = gossip
        self._count = 0
        self.asked: list[Asked] = []
        self.step = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Notes the request, and answers it or lets it fail."""
        asked = self._noted(request, await request.aread())
        if len(self.asked) > _TOO_MANY:
            raise RunawayError("more calls than any story needs")
        await asyncio.sleep(0)
        fault = self._plan(asked)
        try:
            answer = await self._answered(request, fault)
        except BaseException as error:
            asked.end = fault.name if fault else type(error).__name__
            raise
        asked.end = fault.name if fault else answer.status_code
        return answer

    async def aclose(self) -> None:
        """Stays open, for the client of the next step."""

    def writes(self, step: str) -> list[Asked]:
        """The requests of one step that may change something."""
        return [asked for asked in self.asked if asked.step == step and asked.is_write]

    async def _answered(self, request: httpx.Request, fault: Fault | None) -> httpx.Response:
        async def proceed() -> httpx.Response:
            return await self._upstream.handle_async_request(request)

        if fault is not None:
            return await fault.happen(Scene(self._now(), self._gossip, request, proceed))
        try:
            return await proceed()
        except NotRecordedError:
            if not is_token(request, self._credentials):
                raise
            return httpx.Response(401)  # a renewal that was never recorded: it has to log in anew

    def _noted(self, request: httpx.Request, body: bytes) -> Asked:
        asked = Asked(
            number=len(self.asked),
            nth=self._count,
            step=self.step,
            host=request.url.netloc.decode("ascii"),
            method=request.method,
            path=request.url.path,
            target=request.url.raw_path.decode("ascii"),
            key=request.headers.get("idempotency-key"),
            body=body,
            is_token=is_token(request, self._credentials),
            at=asyncio.get_running_loop().time(),
        )
        self._count += not asked.is_token
        self.asked.append(asked)
        return asked


_fetching: ContextVar[bool] = ContextVar("fetching", default=False)


def watched(credentials: Credentials) -> Credentials:
    """The same credentials, but the calls of a log-in can be told from the connector's own."""
    if not isinstance(credentials, Session):
        return credentials
    inner = credentials.obtain

    async def obtain(exchange: Exchange, previous: Token | None) -> Token:
        reset = _fetching.set(True)
        try:
            return await inner(exchange, previous)
        finally:
            _fetching.reset(reset)

    return Session(credentials.scheme, obtain)


def is_token(request: httpx.Request, credentials: Credentials) -> bool:
    """Whether a request is for a token: made by the client, not by the connector's methods."""
    if isinstance(credentials, ClientCredentials):
        return str(request.url) == credentials.token_url
    return _fetching.get()
