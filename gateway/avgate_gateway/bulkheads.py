"""Keeps one upstream's trouble from filling the house: so many requests at each, and no more.

A slow upstream holds the requests that need it. Those that do not need it find their own upstreams'
places free, however many wait for the slow one; and a controller has upstreams of its own, so one
controller's backlog takes no place from another.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

_AT_EACH = 32  # requests at one upstream; more would only queue for the same connections
_WAITING = 1_000  # requests that wait in memory; the others wait in the database


class FullError(Exception):
    """So many wait already that this one does not wait here as well."""


class Bulkheads:
    """Places at upstreams, given out in order of arrival to whoever finds all of theirs free."""

    def __init__(self, at_each: int = _AT_EACH, waiting: int = _WAITING) -> None:
        self._at_each = at_each
        self._most_waiting = waiting
        self._taken: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], frozenset[str]] = {}

    @property
    def taken(self) -> Mapping[str, int]:
        """How many places are taken at each upstream that was ever asked for one."""
        return dict(self._taken)

    @property
    def waiting(self) -> int:
        """How many wait for their places."""
        return len(self._waiting)

    @asynccontextmanager
    async def entered(self, upstreams: frozenset[str]) -> AsyncIterator[None]:
        """A place at each of them, for as long as the block runs; raises FullError."""
        await self._enter(upstreams)
        try:
            yield
        finally:
            self._taken.subtract(upstreams)
            self._admit()

    def close(self) -> None:
        """Sends away all who wait."""
        self._most_waiting = 0
        for place in self._waiting:
            if not place.done():
                place.set_exception(FullError())

    async def _enter(self, upstreams: frozenset[str]) -> None:
        """Waits for the places; they are taken by whoever gives them, so nobody comes between."""
        if len(self._waiting) >= self._most_waiting:
            raise FullError
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[place] = upstreams
        self._admit()
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._taken.subtract(upstreams)  # it was given, and its owner given up
                self._admit()
            raise
        finally:
            self._waiting.pop(place, None)

    def _admit(self) -> None:
        """Lets in, from the first to the last, all whose upstreams have room."""
        full = {name for name, count in self._taken.items() if count >= self._at_each}
        for place, upstreams in list(self._waiting.items()):
            if place.done():
                continue
            if upstreams & full:
                full |= upstreams & full
                continue
            self._taken.update(upstreams)
            full |= {name for name in upstreams if self._taken[name] >= self._at_each}
            del self._waiting[place]
            place.set_result(None)
