"""Sees to it that one request is worked on once at a time, and again if it was woken meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Advance = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Turn:
    """The right to work on a request, as long as there is a reason to."""

    _advance: Advance
    _request_id: str
    _is_woken: bool = True

    def wake(self) -> None:
        """Has whoever is at it go round once more."""
        self._is_woken = True

    def goes_on(self) -> bool:
        """Whether it was woken since it was last advanced; False to all but one of those who ask."""
        return self._is_woken

    async def advance(self) -> None:
        self._is_woken = False
        await self._advance(self._request_id)


class Turns:
    """Gives out turns; two wake-ups of the same request never run side by side."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._turns: dict[str, Turn] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def running(self) -> frozenset[str]:
        return frozenset(self._turns)

    @asynccontextmanager
    async def of(self, request_id: str) -> AsyncIterator[Turn]:
        """The turn of a request; one that is over already if somebody else has it."""
        if request_id in self._turns:
            self._turns[request_id].wake()
            yield Turn(self._advance, request_id, False)
            return
        turn = self._turns[request_id] = Turn(self._advance, request_id)
        self._idle.clear()
        try:
            yield turn
        finally:
            del self._turns[request_id]
            if not self._turns:
                self._idle.set()

    async def finished(self, seconds: float) -> bool:
        """Waits until nobody is at work, at the longest so long; whether that came about."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
