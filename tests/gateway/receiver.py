"""Whoever is told of events: a server on a real socket that keeps what comes, and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from avgate_mocks.serving import bound, port_of, served

SECRET = "whsec_" + "c2VjcmV0cy10aGF0LW5vYm9keS1oYXMtZXZlci1oYWQ="
FORMER = "whsec_" + "Zm9ybWVyLXNlY3JldHMtb2YtdGhlLXNhbWUta2luZC4="

PAIR = "whsk_" + "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="  # the standard's own for tests


@dataclass(frozen=True)
class Came:
    """One POST."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self, secret: str = SECRET) -> dict[str, Any]:
        """As a receiver does it; raises WebhookVerificationError."""
        return dict(Webhook(secret).verify(self.body, dict(self.headers)))


@dataclass
class Receiver:
    """Answers 204, or the next of `answers`: a status, with headers or not; None: not at all."""

    address: str = ""
    answers: deque[int | tuple[int, Mapping[str, str]] | None] = field(default_factory=deque)
    came: list[Came] = field(default_factory=list)
    goes: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.came.append(Came(request.url.path, dict(request.headers), body))
        answer = self.answers.popleft() if self.answers else 204
        if answer is None:
            await self.goes.wait()
            answer = 204
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        await Response(status_code=status, headers=dict(headers))(scope, receive, send)

    def types(self) -> list[str]:
        return [one.told["type"] for one in self.came]

    def endpoint(self, name: str = "crm", **more: str) -> str:
        """The settings of an endpoint that leads here."""
        own = {"url": f'"{self.address}/{name}"', "secret": f'"{SECRET}"', **more}
        lines = [f"{key} = {value}" for key, value in own.items()]
        return "\n".join(["", f"[controllers.libervoice.webhooks.{name}]", *lines, ""])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    sock = bound(0)
    receiver = Receiver(f"http://127.0.0.1:{port_of(sock)}")
    async with served({sock: receiver}):
        try:
            yield receiver
        finally:
            receiver.goes.set()
