"""How long is waited between attempts to deliver, and when it is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

GIVES_UP_AFTER: Final = timedelta(days=7)
_WAITS: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))


def wait_after(attempts: int) -> timedelta:
    """The wait after so many attempts, the first of which is 1: minutes at first, hours later."""
    return _WAITS[min(attempts, len(_WAITS)) - 1]
