"""How long a caller prefers to wait, RFC 7240."""

from __future__ import annotations

import pytest

from avgate_gateway.api.requests import seconds_to_wait


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=5", 5),
        ("wait=5; odd=1, respond-async", 5),
        ("wait=5, wait=7", 5),
        ("wait=99999", 60),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ('wait="5', 0),
        ("wait", 0),
        ("xwait=5", 0),
        ("handling=lenient; wait=5", 0),
        ("", 0),
    ],
)
def test_a_preference_to_wait_is_read_and_anything_else_ignored(
    prefer: str | None, seconds: int
) -> None:
    assert seconds_to_wait(prefer) == seconds
