"""Sees to it that one request is worked on once at a time, and again if it was woken meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Advance = Callable[[str], Awaitable[None]]


class Turns:
    """Runs `advance` for ids; two wake-ups of the same id never run side by side."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._again: dict[str, bool] = {}

    def is_running(self, request_id: str) -> bool:
        return request_id in self._again

    async def take(self, request_id: str) -> None:
        """Advances now, or has whoever is at it go round once more."""
        if request_id in self._again:
            self._again[request_id] = True
            return
        self._again[request_id] = True
        try:
            while self._again[request_id]:
                self._again[request_id] = False
                await self._advance(request_id)
        finally:
            del self._again[request_id]
