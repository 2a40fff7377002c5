"""One wall clock for the mocks, the service and the runner, which runs fast and can be pushed.

It lives in a file that all of them map, so a process that is started anew is in the same time.
"""

from __future__ import annotations

import asyncio
import mmap
import selectors
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SPEED = 8.0  # seconds of ours in one of the machine's
BEGINS = datetime(2026, 3, 2, 12, tzinfo=UTC)  # people and their contracts differ from day to day
_LAYOUT = struct.Struct("ddd")  # monotonic seconds at the beginning, seconds pushed since, speed


class LaneTime:
    """The time of one lane; `make` it once, and open it by its path in every process."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _LAYOUT.size)

    @classmethod
    def make(cls, path: Path) -> LaneTime:
        path.write_bytes(_LAYOUT.pack(time.monotonic(), 0.0, SPEED))
        return cls(path)

    def now(self) -> datetime:
        begun, pushed, speed = _LAYOUT.unpack_from(self._shared)
        return BEGINS + timedelta(seconds=(time.monotonic() - begun) * speed + pushed)

    def push(self, **span: float) -> None:
        begun, pushed, speed = _LAYOUT.unpack_from(self._shared)
        _LAYOUT.pack_into(self._shared, 0, begun, pushed + timedelta(**span).total_seconds(), speed)

    def hold(self, moment: float) -> None:
        """Makes it stand still as it was at a moment of `time.monotonic`, except where it is pushed."""
        begun, pushed, speed = _LAYOUT.unpack_from(self._shared)
        _LAYOUT.pack_into(self._shared, 0, moment, pushed + (moment - begun) * speed, 0.0)

    def restart(self) -> None:
        """Makes it the first moment again: for the next run."""
        _LAYOUT.pack_into(self._shared, 0, time.monotonic(), 0.0, SPEED)


def monotonic() -> float:
    """Seconds that run as fast as the lane's time, and are never pushed."""
    return time.monotonic() * SPEED


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / SPEED if timeout else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop whose sleeps and time-outs pass as fast as the lane's time."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return monotonic()
