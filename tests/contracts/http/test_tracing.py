"""Each try is told to whoever traces; an upstream hears of a trace only where it is said that it may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass
class Traced:
    """What was told of, in turn."""

    told: list[object] = field(default_factory=list)
    headers: tuple[tuple[bytes, bytes], ...] = ((b"traceparent", TRACEPARENT.encode()),)

    @contextmanager
    def call(self, method: str, path: str, attempt: int) -> Iterator[Traced]:
        self.told.append((method, path, attempt))
        yield self

    def answered(self, status: int) -> None:
        self.told.append(status)

    def failed(self, error: Exception) -> None:
        self.told.append(type(error).__name__)


@pytest.mark.parametrize("passes_trace", [False, True])
async def test_every_try_is_told_and_its_trace_passed_on_only_where_that_is_said(
    clients: Any, turns: Any, passes_trace: bool
) -> None:
    tracing, handler = Traced(), turns(httpx.ConnectError("no"), httpx.Response(200))
    client = clients.over(handler, tracing=tracing, passes_trace=passes_trace)
    await client.send("GET", "/people/{id}", ids={"id": "jansen"})
    call = "GET", "/people/{id}"
    assert tracing.told == [(*call, 1), "FaultError", (*call, 2), 200]
    heard = {asked.headers.get("traceparent") for asked in handler.asked}
    assert heard == {TRACEPARENT if passes_trace else None}
