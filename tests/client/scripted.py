"""A gateway that says what a test tells it to, and fails on the first call that nobody expected."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from avgate_client import AvgateClient, Patience, Runtime

TOKEN = "token"
URL = "http://127.0.0.1:1024"
PROBLEMS = "https://avgate.example/problems/"
Turn = Callable[[httpx.Request], httpx.Response]


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces, and then ends or is cut."""

    def __init__(self, pieces: Iterable[bytes], *, is_cut: bool = False) -> None:
        self._pieces = pieces
        self._is_cut = is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._is_cut:
            raise httpx.ReadError("cut")


@dataclass
class Time:
    """Passes only where somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Script:
    """Answers in order, each once; an exception is raised where its answer would come."""

    turns: list[Turn | httpx.Response | Exception]
    seen: list[httpx.Request] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    def client(self, token: Any = TOKEN, **patience: float) -> AvgateClient:
        runtime = Runtime(
            transport=lambda: httpx.MockTransport(self._answer),
            sleep=self.time.sleep,
            monotonic=lambda: self.time.now,
            random=Random(1),  # noqa: S311 -- chance that a test can rely on
        )
        made = Patience(**patience)  # type: ignore[arg-type]  # attempts is an int
        return AvgateClient(URL, token=token, patience=made, runtime=runtime)

    def _answer(self, asked: httpx.Request) -> httpx.Response:
        self.seen.append(asked)
        assert self.turns, f"nobody expected {asked.method} {asked.url.path}"
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn if isinstance(turn, httpx.Response) else turn(asked)


def request(**changes: object) -> dict[str, object]:
    return {
        "id": "r-1",
        "operation": "erase",
        "state": "closed",
        "waiting_for": None,
        "controller": "libervoice",
        "submitted_by": "desk",
        "subject": {"reference": "s-1", "identifier_kinds": ["phone"], "language": "nl"},
        "received_at": "2026-11-21T10:00:00Z",
        "due": {"promised": "2026-12-19", "legal": "2026-12-21", "extended": None},
        "plan": None,
        "connectors": [],
        "closing": None,
        **changes,
    }


def told(headers: Mapping[str, str] | None = None, **changes: object) -> httpx.Response:
    return httpx.Response(200, json=request(**changes), headers=headers)


def problem(slug: str, status: int, **more: object) -> httpx.Response:
    headers = {"content-type": "application/problem+json"}
    after = more.pop("after", None)
    if after is not None:
        headers["retry-after"] = str(after)
    members = {"type": PROBLEMS + slug, "title": slug, "status": status, **more}
    return httpx.Response(status, content=json.dumps(members), headers=headers)
