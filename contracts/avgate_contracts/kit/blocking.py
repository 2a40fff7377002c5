"""Notices calls that stop a whole event loop."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOPPING = {time.sleep: "time.sleep()"}


@contextmanager
def noticing() -> Iterator[list[str]]:
    """What stops the loop of this thread inside; a profiler that runs is put back afterwards."""
    seen: list[str] = []

    def look(_: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called in _STOPPING:
            seen.append(_STOPPING[called])

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(before)
