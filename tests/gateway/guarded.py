"""What stands behind the guard in its tests, and how it is called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from avgate_gateway.guard import parsed_body

MARKER = "jan.jansen@example.org"
HOST = (b"host", b"gateway")
JSON = (b"content-type", b"application/json")
Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Echo:
    """An application that remembers what reached it, and answers 202."""

    bodies: list[bytes] = field(default_factory=list)
    parsed: list[Any] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    headers: Headers = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert not message.get("more_body")
        self.bodies.append(message.get("body", b""))
        self.parsed.append(parsed_body(scope))
        await send({"type": "http.response.start", "status": 202, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": b"ok"})
        self.after.append((await receive())["type"])


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    asked_for: int

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])


async def call(
    app: Any,
    *,
    method: str = "POST",
    path: str = "/v1/requests",
    query: bytes = b"",
    headers: Headers = (HOST, JSON),
    body: Sequence[bytes] = (b"{}",),
    last: asyncio.Event | None = None,
) -> Answer:
    """Calls an ASGI application with exactly these headers and pieces of a body.

    The last piece comes when `last` says so.
    """
    pieces = [
        {"type": "http.request", "body": piece, "more_body": index < len(body) - 1}
        for index, piece in enumerate(body)
    ]
    sent: list[Message] = []
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        if last is not None and len(pieces) == 1:
            await last.wait()
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(_scope(method, path, query, headers), receive, send)
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], fields, content, asked)


def _scope(method: str, path: str, query: bytes, headers: Headers) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "headers": list(headers),
    }


def many(count: int) -> Headers:
    return [HOST, *((b"x-%d" % number, b"1") for number in range(count))]
