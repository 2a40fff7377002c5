"""Acme itself, as far as the connector's tests need it: a few cards, forgotten when it closes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

FLEUR = "fleur.bakker@example.org"
_PAGE = 2


def _card(number: int, email: str, kind: str = "card") -> dict[str, Any]:
    return {
        "id": f"c-{number}",
        "kind": kind,
        "email": email,
        "name": "Fleur Bakker" if email == FLEUR else "Test Persoon",
        "city": "Utrecht",
        "since": "2024-03-01T09:00:00Z",
        "photo": number == 1,
    }


class Acme:
    def __init__(self) -> None:
        people = [FLEUR, FLEUR, "other@example.org", FLEUR]
        self.cards = {f"c-{n}": _card(n, email) for n, email in enumerate(people, 1)}
        self.cards["c-9"] = _card(9, FLEUR, "invoice")
        self.jobs: dict[str, int] = {}

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match method, *parts.path.strip("/").split("/"):
            case "POST", "token":
                return 200, {"access_token": "acme-token", "token_type": "Bearer", "expires_in": 60}
            case "GET", "me":
                return 200, {"ok": True}
            case "GET", "cards":
                return 200, self._listed(asked["email"], int(asked["page"]))
            case "GET", "jobs", job:
                self.jobs[job] -= 1
                return 200, {"id": job, "state": "busy" if self.jobs[job] else "done"}
            case _, "cards", card, *rest if card in self.cards:
                return self._one(method, card, rest, body)
        return 404, {"error": "not found"}

    def _listed(self, email: str, page: int) -> dict[str, Any]:
        found = [card for card in self.cards.values() if card["email"] == email]
        first = (page - 1) * _PAGE
        more = len(found) > first + _PAGE
        return {"items": found[first : first + _PAGE], "next": page + 1 if more else None}

    def _one(self, method: str, card: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        match method, rest:
            case "GET", ["photo"]:
                return 200, "a picture in words"
            case "GET", []:
                return 200, self.cards[card]
            case "PATCH", []:
                self.cards[card] |= json.loads(body)
                return 200, self.cards[card]
            case "DELETE", []:
                del self.cards[card]
                return 204, None
            case "POST", ["removal"]:
                del self.cards[card]
                self.jobs["j-1"] = 2
                return 202, {"id": "j-1", "state": "busy"}
        return 405, {"error": "not allowed"}


@asynccontextmanager
async def serve() -> AsyncIterator[str]:
    acme = Acme()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):  # also where whoever called hung up before
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            method, target, _ = head.split(" ", 2)
            lengths = [
                line for line in head.lower().split("\r\n") if line.startswith("content-length")
            ]
            body = await reader.readexactly(int(lengths[0].split(":")[1])) if lengths else b""
            status, told = acme.answer(method, target, body)
            is_text = isinstance(told, str)
            sent = b"" if told is None else told.encode() if is_text else json.dumps(told).encode()
            kind = "text/plain" if is_text else "application/json"
            fields = f"content-type: {kind}\r\ncontent-length: {len(sent)}\r\nconnection: close"
            writer.write(f"HTTP/1.1 {status} Told\r\n{fields}\r\n\r\n".encode() + sent)
            await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
