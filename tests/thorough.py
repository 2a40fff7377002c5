"""Whether this run is CI's, which has the time to try everything at length (`.ci/run`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")
IS_THOROUGH = "AVGATE_EXAMPLES" in os.environ


def some(of: Iterable[T], every: int, *, whose: str = "", by: Callable[[T], str] = str) -> list[T]:
    """All of them in CI, and one in so many otherwise: always the same ones, and of each test others."""
    return [one for one in of if IS_THOROUGH or crc32(f"{whose} {by(one)}".encode()) % every == 0]
