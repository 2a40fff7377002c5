"""How long one call may take: the upstream's time counts, the time in our own queue does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

_PATIENCE = 30  # deadlines spent in our own queue, at most: half an hour with the usual limits


class Deadline:
    """Ends the block it is entered for with TimeoutError, as `asyncio.timeout` does.

    The upstream's clock stands still inside `queued`; a queue that does not move ends too, or a
    call made while a stream keeps the last place would wait for itself for ever.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._timeout = asyncio.timeout(seconds)
        self._in_queue = False

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)

    @property
    def expired(self) -> bool:
        """Whether the block was, or is being, ended by this deadline and by nothing else."""
        return self._timeout.expired()

    @property
    def why(self) -> str:
        """What to say of it once it has passed."""
        return "no place came free in our own queue" if self._in_queue else "its deadline passed"

    @property
    def end(self) -> float:
        """When it passes, by the runtime's clock; later the longer the call was queued."""
        return self._end

    @contextmanager
    def queued(self) -> Iterator[None]:
        """Runs the block, which waits for ourselves, off the clock."""
        loop = asyncio.get_running_loop()
        left = (self._timeout.when() or loop.time()) - loop.time()
        begun = self._monotonic()
        self._timeout.reschedule(loop.time() + self._seconds * _PATIENCE)
        self._in_queue = True
        try:
            yield
        finally:
            if not self.expired:  # else it is this that ends the block, and cannot be put off
                self._in_queue = False
                self._end += self._monotonic() - begun
                self._timeout.reschedule(loop.time() + left)
