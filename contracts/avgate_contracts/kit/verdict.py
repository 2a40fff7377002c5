"""How a test of the suite fails: for an author, in three sentences, and without anybody's data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import pytest

_MOST = 5  # examples in one message


def broken(expected: str, did: str, advice: str) -> NoReturn:
    """Fails the test; none of the three may hold a value, only places and kinds."""
    pytest.fail(
        f"\n  expected:   {expected}\n  connector:  {did}\n  what to do: {advice}", pytrace=False
    )


def expect(holds: bool, expected: str, did: str, advice: str) -> None:
    """Fails the test unless it holds."""
    if not holds:
        broken(expected, did, advice)


def some(of: Iterable[str]) -> str:
    """A few of many, for a message."""
    found = list(dict.fromkeys(of))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more
