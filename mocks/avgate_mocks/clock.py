"""The time of one mock, which tests move and which runs on from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Real time plus an offset."""

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._offset = timedelta(0)
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return self._source() + self._offset

    def move_to(self, moment: datetime) -> None:
        self._offset = moment - self._source()
        self._tell()

    def advance(self, step: timedelta) -> None:
        self._offset += step
        self._tell()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every move: for mocks that act when a moment has come."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
