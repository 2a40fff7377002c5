"""What is to happen by itself, in the order in which it is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

Happening = Callable[[datetime], None]  # told when it was due, which may be long ago


class Agenda:
    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Happening]] = []
        self._places = count()

    def add(self, at: datetime, happening: Happening) -> None:
        heappush(self._due, (at, next(self._places), happening))

    def run_until(self, now: datetime) -> None:
        """Let everything happen that has come due, and what follows from it too."""
        while self._due and self._due[0][0] <= now:
            at, _, happening = heappop(self._due)
            happening(at)

    def next_due(self) -> datetime | None:
        return self._due[0][0] if self._due else None
