"""A clock that a test turns, and that turns by itself where somebody would wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Clock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment

    async def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
