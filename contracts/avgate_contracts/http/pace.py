"""How hard one upstream is pressed: so many calls at once, so many a second, and pauses."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from aiolimiter import AsyncLimiter

from avgate_contracts.connector import Limits
from avgate_contracts.http.runtime import Runtime


class Pace:
    """Shared by all calls of one client, its calls for tokens included.

    The rate is kept by the event loop's clock; everything else by the runtime's.
    """

    def __init__(self, limits: Limits, runtime: Runtime) -> None:
        self._places = asyncio.Semaphore(limits.concurrency)
        rate = limits.calls_per_second
        self._rate = AsyncLimiter(1, 1 / rate) if rate else None
        self._monotonic = runtime.monotonic
        self._sleep = runtime.sleep
        self._closed_until = float("-inf")

    def pause(self, seconds: float) -> None:
        """Lets no new call begin for so long: the upstream asked one of us to wait."""
        self._closed_until = max(self._closed_until, self._monotonic() + seconds)

    @property
    def is_open(self) -> bool:
        """Whether a call would wait neither for a place nor for the end of a pause."""
        return not self._places.locked() and self._closed_until <= self._monotonic()

    @property
    def is_limited(self) -> bool:
        """Whether there is a rate to keep to."""
        return self._rate is not None

    async def ready(self) -> None:
        """Waits for the end of a pause that another call was asked for."""
        left = self._closed_until - self._monotonic()
        if left > 0:
            await self._sleep(left)

    def place(self) -> AbstractAsyncContextManager[None]:
        """One of the places at the upstream, for as long as the block runs."""
        return self._places

    async def turn(self) -> None:
        """Waits until the rate allows one more request."""
        if self._rate is not None:
            await self._rate.acquire()
