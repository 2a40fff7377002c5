"""Sees to it that one request is worked on once at a time, and again if it was woken meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Advance = Callable[[str], Awaitable[None]]


class Turns:
    """Runs `advance` for ids; two wake-ups of the same id never run side by side."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._again: dict[str, bool] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def is_running(self, request_id: str) -> bool:
        return request_id in self._again

    async def take(self, request_id: str) -> None:
        """Advances now, or has whoever is at it go round once more."""
        if request_id in self._again:
            self._again[request_id] = True
            return
        self._again[request_id] = True
        self._idle.clear()
        try:
            while self._again[request_id]:
                self._again[request_id] = False
                await self._advance(request_id)
        finally:
            del self._again[request_id]
            if not self._again:
                self._idle.set()

    async def finished(self, seconds: float) -> bool:
        """Waits until nobody is at work, at the longest so long; whether that came about."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
