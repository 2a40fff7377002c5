"""The line of calls that change something: a few are worked on side by side, the others stand in it.

A thousand calls worked on at once go through every step together: the first is done when the last is,
and what each keeps in memory meanwhile slows all of them down. One after the other they cost the
same, and those at the front are answered soon.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

_ABREAST = 64  # enough to share the sync of a commit; more would only wait in memory
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Place:
    """One call's place at the front, until it is left."""

    def __init__(self, places: asyncio.Semaphore, may_wait: Callable[[], bool]) -> None:
        self._places = places
        self._may_wait = may_wait
        self._is_taken = True

    def step_aside(self) -> bool:
        may_wait = self._may_wait()
        if may_wait:
            self.leave()
        return may_wait

    def leave(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._places.release()


class Line:
    """Lets so many to the front, in the order in which they came."""

    def __init__(self, abreast: int = _ABREAST) -> None:
        self._places = asyncio.Semaphore(abreast)

    @asynccontextmanager
    async def passed(
        self, method: str, may_wait: Callable[[], bool]
    ) -> AsyncIterator[Place | None]:
        """A place at the front for as long as the block runs, or until it is left; none for reads.

        `may_wait` is asked whether the call may step aside, and takes note of it.
        """
        if method in _READS:
            yield None
            return
        await self._places.acquire()
        place = Place(self._places, may_wait)
        before = _PLACE.set(place)
        try:
            yield place
        finally:
            _PLACE.reset(before)
            place.leave()


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


def step_aside() -> bool:
    """Lets the next one to the front: this call waits for something that is not done here.

    False if so many wait already that this one has to be answered now.
    """
    place = _PLACE.get()
    return place is None or place.step_aside()
