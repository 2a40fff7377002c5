from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from avgate_contracts import Limits, UnavailableError
from avgate_contracts.http.retry import retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TURNS = Callable[..., Any]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Saturday, 21-Nov-26 12:00:30 GMT", 30.0),
        ("Sat Nov 21 12:00:30 2026", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 13:00:30 +0100", 30.0),
        ("9" * 5_000, 315_360_000.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_both_forms_are_understood_and_nonsense_is_not(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_waits_as_long_as_the_upstream_asks(
    clients: Any, clock: Any, turns: TURNS, status: int, form: str
) -> None:
    value = "4" if form == "seconds" else format_datetime(NOW + timedelta(seconds=4), usegmt=True)
    handler = turns(httpx.Response(status, headers={"retry-after": value}), httpx.Response(200))
    assert (await clients.over(handler).send("GET", "/x")).status == 200
    assert clock.slept == [4.0]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_that_is_too_long_is_handed_on(
    clients: Any, clock: Any, turns: TURNS, status: int
) -> None:
    handler = turns(httpx.Response(status, headers={"retry-after": "6"}))
    with pytest.raises(UnavailableError) as caught:
        await clients.over(handler, limits=Limits(longest_wait=5.0)).send("GET", "/x")
    assert caught.value.after == 6.0
    assert clock.slept == []


async def test_a_throttled_write_did_nothing_so_it_is_sent_again(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    handler = turns(httpx.Response(429), httpx.Response(200))
    response = await clients.over(handler).send("POST", "/x", json={})
    assert response.after_unknown is False
    assert len(clock.slept) == 1


async def test_without_a_wish_of_the_upstream_the_waits_grow_by_chance_and_stay_bounded(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    handler = turns(*[httpx.Response(503)] * 8)
    with pytest.raises(UnavailableError):
        await clients.over(handler, limits=Limits(attempts=8)).send("GET", "/x")
    ceilings = [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert len(clock.slept) == 7
    assert all(c / 2 <= s <= c for s, c in zip(clock.slept, ceilings, strict=True))
    assert len(set(clock.slept)) == 7


async def test_no_try_begins_after_the_deadline(clients: Any, clock: Any, turns: TURNS) -> None:
    throttled = httpx.Response(429, headers={"retry-after": "4"})
    handler = turns(*[throttled] * 9)
    with pytest.raises(UnavailableError) as caught:
        await clients.over(handler, limits=Limits(attempts=9, deadline=10)).send("GET", "/x")
    assert caught.value.after == 4.0
    assert clock.slept == [4.0, 4.0]
    assert len(handler.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_refusal_is_never_tried_again(
    clients: Any, clock: Any, turns: TURNS, status: int
) -> None:
    handler = turns(httpx.Response(status, headers={"retry-after": "1"}))
    with pytest.raises(Exception, match="upstream"):
        await clients.over(handler).send("GET", "/x")
    assert len(handler.asked) == 1
    assert clock.slept == []
