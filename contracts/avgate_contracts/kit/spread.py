"""A few of many, evenly spread: the first, the last, and some between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MOST = 12  # more places in one story show nothing new, and cost the time of whoever waits


def spread(of: Sequence[T], most: int = _MOST) -> list[T]:
    """At most so many of them, in their order."""
    if len(of) <= most:
        return list(of)
    return [of[round(number * (len(of) - 1) / (most - 1))] for number in range(most)]
