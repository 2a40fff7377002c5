"""Whether this run is CI's, which has the time to try everything at length (`.ci/run`)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")
IS_THOROUGH = "AVGATE_EXAMPLES" in os.environ


def some(of: Iterable[T], every: int) -> list[T]:
    """All of them in CI, and one in so many otherwise, by their names: the same ones each time."""
    return [one for one in of if IS_THOROUGH or crc32(str(one).encode()) % every == 0]
