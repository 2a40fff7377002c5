"""Tells whoever waits for a request in this process that something happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """Waiting listeners by request; whoever waits still looks now and then by itself."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def tell(self, request_id: str) -> None:
        for listener in self._listeners.get(request_id, ()):
            listener.set()

    @contextmanager
    def listening(self, request_id: str) -> Iterator[asyncio.Event]:
        """An event that is set at the next change; the listener clears it."""
        event = asyncio.Event()
        self._listeners.setdefault(request_id, set()).add(event)
        try:
            yield event
        finally:
            left = self._listeners[request_id]
            left.discard(event)
            if not left:
                del self._listeners[request_id]


async def heard(event: asyncio.Event, seconds: float) -> None:
    """Waits for the event, at the longest so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
