"""A layer before a mock that behaves well as HTTP and badly in substance: it says something else than is so."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def to(self, path: str | None = None, **query: str | None) -> Asked:
        """The same call to another place; a parameter that is None goes."""
        merged = {**self.query, **query}
        left = {name: value for name, value in merged.items() if value is not None}
        return replace(self, path=path or self.path, query=left)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def saying(self, content: object, **headers: str) -> Said:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, body=json.dumps(content).encode(), headers={**self.headers, **more})


Ask: TypeAlias = Callable[[Asked], Awaitable[Said]]
Mood: TypeAlias = Callable[[Asked, Ask], Awaitable[Said | None]]  # None: as it would be


def answer(status: int, content: object, **headers: str) -> Said:
    made = Said(status, {"content-type": "application/json;charset=utf-8"})
    return made.saying(content, **headers)


@dataclass(slots=True)
class Moody:
    """An ASGI app around a mock's: the first mood that has an answer gives it."""

    app: ASGIApp
    moods: list[Mood] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_") or not self.moods:
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        asked = Asked(scope["method"], scope["path"], query, body)

        async def ask(one: Asked) -> Said:
            return await _answered(self.app, scope, one)

        for mood in self.moods:
            said = await mood(asked, ask)
            if said is not None:
                await _send(said, send)
                return
        await _send(await ask(asked), send)


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answered(app: ASGIApp, scope: Scope, asked: Asked) -> Said:
    told: list[Message] = []
    waiting: Sequence[Message] = [{"type": "http.request", "body": asked.body, "more_body": False}]
    left = list(waiting)

    async def receive() -> Message:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    changed = {
        **scope,
        "method": asked.method,
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": urlencode(asked.query).encode(),
        "state": {},
    }
    await app(changed, receive, send)
    start = next(one for one in told if one["type"] == "http.response.start")
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    body = b"".join(one.get("body", b"") for one in told if one["type"] == "http.response.body")
    return Said(start["status"], headers, body)


async def _send(said: Said, send: Send) -> None:
    headers = {**said.headers, "content-length": str(len(said.body))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    if said.status == 204:
        raw = [one for one in raw if one[0] != b"content-length"]
    await send({"type": "http.response.start", "status": said.status, "headers": raw})
    await send({"type": "http.response.body", "body": said.body})
