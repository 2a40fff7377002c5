"""Time for tests: it passes only while somebody waits for it, and then at once."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_STUCK = 5.0  # seconds of real time in which nothing at all happens


class StuckError(AssertionError):
    """Something waits for what cannot come any more."""


class _Skipping(selectors.DefaultSelector):
    """Hands the time that the loop would have waited to the loop's clock, and waits none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self.in_threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; real waiting only for threads, and where no timer runs at all."""
        if timeout is not None and (timeout <= 0 or self.in_threads):
            return super().select(timeout)
        ready = super().select(0 if timeout is not None else _STUCK)
        if timeout is None and not ready:
            raise StuckError("everything waits, and nothing is under way that could end it")
        if timeout is not None and not ready:
            self.passed += timeout
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour of waiting takes no time."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._skipping.passed

    def run_in_executor(  # type: ignore[override]  # the stubs want a new kind of type variable
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Lets time stand still until the thread has ended: it works in real time."""
        future = super().run_in_executor(executor, func, *args)
        self._skipping.in_threads += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._skipping.in_threads -= 1


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it in a loop of its own without waiting; the thread's current loop is left alone."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(coroutine)


class Clock:
    """What a replay is given for time: begins when the recording did, and is read off the loop."""

    def __init__(self, begin: datetime) -> None:
        self._begin = begin.astimezone(UTC)
        self._start = self.monotonic()  # one loop may play several stories
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds on the running loop's clock."""
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """The recording's time, and what has passed since."""
        return self._begin + timedelta(seconds=self.monotonic() - self._start)

    async def sleep(self, seconds: float) -> None:
        """Waits on the loop's clock, and notes for how long."""
        self.slept.append(seconds)
        await asyncio.sleep(seconds)


class LiveClock(Clock):
    """For recording: shows the time that a replay will show, while really waiting, up to a limit.

    It moves by what is waited and by nothing else, so that a time inside a request comes out the
    same in every replay.
    """

    def __init__(self, begin: datetime, patience: float) -> None:
        self._passed = 0.0
        self._patience = patience
        super().__init__(begin)

    def monotonic(self) -> float:
        """Seconds waited so far."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Really waits, but never longer than the limit."""
        self.slept.append(seconds)
        until = self._passed + seconds  # of those who wait at the same time, the last one counts
        await asyncio.sleep(min(seconds, self._patience))
        self._passed = max(self._passed, until)


class Steady(random.Random):
    """Chance that comes out the same each time, also after a wait that was not in the recording.

    A drawn wait is always its longest and uses nothing up, so that ids drawn later do not change.
    """

    def uniform(self, a: float, b: float) -> float:
        """The greater of the two."""
        return max(a, b)
