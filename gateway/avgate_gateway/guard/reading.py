"""Bodies on their way: whoever is slow about theirs keeps nobody out, and goes first where there are many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from avgate_gateway.problem import BODY_TIMEOUT, Problem, ProblemError

_CROWDED = "So many bodies are on their way that the one that took longest had to go."


class Reading:
    """So many at a time, together with what each keeps in memory; they count among no others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._clocks: dict[asyncio.Timeout, None] = {}  # the longest under way first

    def __len__(self) -> int:
        return len(self._clocks)

    @asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        """One more, for as long as the block lasts; raises ProblemError, 408, if it had to go."""
        clock = asyncio.timeout(None)
        try:
            async with clock:
                self._clocks[clock] = None
                self._make_room()
                try:
                    yield
                finally:
                    self._clocks.pop(clock, None)
        except TimeoutError:
            if not clock.expired():
                raise
            headers = {"connection": "close"}
            raise ProblemError(Problem(BODY_TIMEOUT, _CROWDED, headers=headers)) from None

    def _make_room(self) -> None:
        if len(self._clocks) > self._most:
            oldest = next(iter(self._clocks))
            del self._clocks[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())
