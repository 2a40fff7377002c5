"""A stand-in for an OpenID Connect issuer: a real socket, and answers that a test lays down."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any

from .tokens import OURS, key_set, public

CONFIGURATION, KEYS = "/.well-known/openid-configuration", "/keys"


@dataclass
class Answer:
    """What is answered at one path."""

    body: bytes
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    def wire(self) -> bytes:
        headers = {**self.headers, "content-length": str(len(self.body)), "connection": "close"}
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {told}" for name, told in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass
class Issuer:
    """Its address, what it answers, and how often it was asked."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def publishes(self, *kids: str) -> None:
        self.answers[KEYS] = Answer(key_set(*(public(OURS.key, kid) for kid in kids)))

    def says(self, **changes: Any) -> None:
        told = {"issuer": self.address, "jwks_uri": self.address + KEYS, **changes}
        self.answers[CONFIGURATION] = Answer(json.dumps(told).encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.asked[path] += 1
            writer.write(self.answers.get(path, Answer(b"{}", "404 Not Found")).wire())
            await writer.drain()


@asynccontextmanager
async def issuing(*kids: str) -> AsyncIterator[Issuer]:
    """An issuer on loopback that publishes these keys."""
    made = Issuer("")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made.says()
    made.publishes(*kids)
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
