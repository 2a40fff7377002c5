"""Linden itself: an invented upstream with what goes wrong in real ones; forgotten when it closes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

FLEUR = "fleur.bakker@example.org"
NUMBER = "+31612345678"
CUSTOMER = "C-1"
_PAGE = 2
_LOOKS = 2  # at a job, until it is done

Answer: TypeAlias = tuple[int, Any, Mapping[str, str]]


def _card(number: int, *, name: str = "Fleur Bakker", kind: str = "card") -> dict[str, Any]:
    is_fleur = name == "Fleur Bakker"
    return {
        "id": f"c-{number}",
        "kind": kind,
        "name": name,
        "customer": CUSTOMER if is_fleur else "C-2",
        "emails": ["fleur@example.com", FLEUR] if is_fleur else [f"card{number}@example.org"],
        "phones": [{"number": NUMBER, "from": "2023-01-01", "until": None}] if is_fleur else [],
        "street": "Lindelaan 7",
        "city": "Utrecht",
        "since": "2024-03-01T09:00:00Z",
        "photo": number == 1,
    }


class Linden:
    """Five cards of Fleur's, one of whoever had her number before, and one of somebody else."""

    def __init__(self) -> None:
        before, like_fleur = _card(2, name="Noor Visser"), _card(6, name="Fleur Bakkers")
        before["phones"] = [{"number": NUMBER, "from": "2015-06-01", "until": "2020-05-01"}]
        like_fleur["emails"] = [f"old-{FLEUR}"]
        fleurs = [_card(1), _card(3), _card(4), _card(5, kind="invoice"), _card(8)]
        for card in fleurs[1:3]:
            card["phones"] = []
        fleurs[4]["emails"] = []
        cards = sorted([*fleurs, before, like_fleur], key=lambda card: str(card["id"]))
        self.cards = {card["id"]: card for card in cards}
        self.jobs: dict[str, tuple[list[str], int]] = {}

    def answer(self, method: str, target: str, body: bytes) -> Answer:  # noqa: PLR0911 -- one line for each address
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match method, *parts.path.strip("/").split("/"):
            case "POST", "token":
                told = {"access_token": "linden-token", "token_type": "Bearer", "expires_in": 900}
                return 200, told, {}
            case "GET", "me":
                return 200, {"ok": True}, {}
            case "GET", "cards":
                return self._listed(asked)
            case "GET", "cards.xml":
                return 200, _xml(self._found(asked)), {}
            case "GET", "jobs", job if job in self.jobs:
                return 200, self._looked(job), {}
            case "POST", "removals":
                return self._removal(json.loads(body)["ids"])
            case "DELETE", "cards":
                self.cards.clear()
                return 204, None, {}
            case _, "cards", card, *rest if card in self.cards:
                return self._one(method, card, rest, body)
        return 404, {"error": "not found"}, {}

    def _found(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        found = list(self.cards.values())
        if "email" in asked:
            found = [card for card in found if asked["email"] in card["emails"]]
        if "phone" in asked:
            found = [c for c in found if any(p["number"] == asked["phone"] for p in c["phones"])]
        if "customer" in asked:
            found = [card for card in found if card["customer"] == asked["customer"]]
        if "like" in asked:
            found = [c for c in found if any(asked["like"] in email for email in c["emails"])]
        return found

    def _listed(self, asked: Mapping[str, str]) -> Answer:
        found, first = self._found(asked), int(asked.get("cursor", "0"))
        more = len(found) > first + _PAGE
        items = found[first : first + _PAGE]
        if asked.get("style") == "header":
            return 200, items, {"x-next": str(first + _PAGE) if more else ""}
        if asked.get("style") == "total":
            return 200, {"items": items, "total": len(found)}, {}
        return 200, {"items": items, "next": str(first + _PAGE) if more else None}, {}

    def _removal(self, cards: list[str]) -> Answer:
        job = f"j-{len(self.jobs) + 1}"
        self.jobs[job] = cards, _LOOKS
        return 202, {"id": job, "state": "busy"}, {}

    def _looked(self, job: str) -> dict[str, Any]:
        cards, left = self.jobs[job]
        self.jobs[job] = cards, left - 1
        if left > 1:
            return {"id": job, "state": "busy"}
        for card in cards:
            self.cards.pop(card, None)
        return {"id": job, "state": "done"}

    def _one(self, method: str, card: str, rest: list[str], body: bytes) -> Answer:
        match method, rest:
            case "GET", ["photo"]:
                return 200, "a picture in words", {}
            case "GET", []:
                return 200, self.cards[card], {}
            case "PATCH", []:
                self.cards[card] |= json.loads(body)
                return 200, self.cards[card], {}
            case "DELETE", []:
                if self.cards[card]["kind"] == "invoice":
                    return 409, {"error": "the bookkeeping has it: POST /removals"}, {}
                del self.cards[card]
                return 204, None, {}
        return 405, {"error": "not allowed"}, {}


def _xml(cards: list[dict[str, Any]]) -> str:
    lines = []
    for card in cards:
        since, kind = quoteattr(card["since"]), quoteattr(card["kind"])
        told = "".join(f"<email>{email}</email>" for email in card["emails"])
        lines.append(
            f"<card id={quoteattr(card['id'])} kind={kind} since={since}>"
            f"<name>{card['name']}</name><city>{card['city']}</city>{told}</card>"
        )
    return f"<?xml version='1.0'?><cards>{''.join(lines)}</cards>"


@asynccontextmanager
async def serve() -> AsyncIterator[str]:
    """A fresh Linden on a port of its own."""
    linden = Linden()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):  # also where whoever called hung up before
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            method, target, _ = head.split(" ", 2)
            lengths = [
                line for line in head.lower().split("\r\n") if line.startswith("content-length")
            ]
            body = await reader.readexactly(int(lengths[0].split(":")[1])) if lengths else b""
            writer.write(_written(*linden.answer(method, target, body)))
            await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _written(status: int, told: Any, more: Mapping[str, str]) -> bytes:
    kind = "application/json"
    if isinstance(told, str):
        kind = "application/xml" if told.startswith("<?xml") else "text/plain"
    sent = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    sent = b"" if told is None else sent
    headers = {"content-type": kind, "content-length": str(len(sent)), "connection": "close"}
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **more}.items())
    return f"HTTP/1.1 {status} Told\r\n{fields}\r\n".encode() + sent
