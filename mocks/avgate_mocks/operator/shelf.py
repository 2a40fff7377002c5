"""The records of one person and one kind that are still there, by index, oldest first."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Span = tuple[datetime | None, datetime | None]  # from the first moment up to, without, the second


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring places of one shelf."""

    shelf: Shelf
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


class Shelf:
    """Indexes into a sequence of moments that is computed, not kept."""

    def __init__(self, moments: Sequence[datetime]) -> None:
        self.moments = moments
        self._left = array("L", range(len(moments)))

    def __len__(self) -> int:
        return len(self._left)

    def __contains__(self, index: int) -> bool:
        return self._place(index) is not None

    def indexes(self, start: int, stop: int) -> Sequence[int]:
        return self._left[start:stop]

    def run(self, span: Span) -> Run:
        """What lies in a span of time."""
        start, end = span
        first = 0 if start is None else self._at(start)
        last = len(self._left) if end is None else self._at(end)
        return Run(self, first, max(first, last))

    def remove(self, index: int) -> None:
        place = self._place(index)
        if place is not None:
            del self._left[place]

    def _at(self, moment: datetime) -> int:
        return bisect_left(self._left, moment, key=self.moments.__getitem__)

    def _place(self, index: int) -> int | None:
        place = bisect_left(self._left, index)
        found = place < len(self._left) and self._left[place] == index
        return place if found else None
