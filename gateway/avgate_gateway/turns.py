"""Sees to it that one request is worked on once at a time, and again if it was woken meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_AT_ONCE = 32  # requests worked on side by side; more would only queue for the same upstreams
Advance = Callable[[str], Awaitable[None]]


class Turns:
    """Runs `advance` for ids; two wake-ups of the same id never run side by side."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._again: dict[str, bool] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._idle = asyncio.Event()
        self._idle.set()

    def running(self) -> list[str]:
        return list(self._again)

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
                async with self._places:
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
