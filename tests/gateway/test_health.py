"""The health of upstreams: asked now and then, once at a time, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from avgate_contracts.connector import Manifest
from avgate_contracts.errors import UnavailableError
from avgate_gateway.api.health import Checks

BEGIN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


class Upstream:
    """A connector of which only the check is asked."""

    manifest: ClassVar[Manifest] = Manifest("x", "X", "Us", frozenset(), frozenset())
    settings_type: ClassVar[type] = dict

    def __init__(self, answer: Callable[[], Awaitable[object]]) -> None:
        self.asked = 0
        self._answer = answer

    async def check(self) -> None:
        self.asked += 1
        await self._answer()


async def well() -> None:
    """Answers after a moment, as upstreams do."""
    await asyncio.sleep(0)


async def down() -> None:
    raise UnavailableError("it is down")


async def broken() -> None:
    raise KeyError("jan.jansen@example.org")


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_hundred_looks_at_once_ask_an_upstream_once(clock: Clock) -> None:
    checks, upstream = Checks(clock), Upstream(well)
    found = await asyncio.gather(*(checks.of("a", "x", upstream) for _ in range(100)))
    assert upstream.asked == 1
    assert {one.to_json()["ok"] for one in found} == {True}


async def test_an_answer_is_kept_for_half_a_minute_and_says_from_when_it_is(clock: Clock) -> None:
    checks, upstream = Checks(clock), Upstream(well)
    await checks.of("a", "x", upstream)
    clock.now += timedelta(seconds=29)
    assert (await checks.of("a", "x", upstream)).to_json()["checked_at"] == BEGIN.isoformat()
    clock.now += timedelta(seconds=1)
    again = (await checks.of("a", "x", upstream)).to_json()
    assert (upstream.asked, again["checked_at"]) == (2, clock.now.isoformat())


async def test_each_controller_and_each_connector_has_an_answer_of_its_own(clock: Clock) -> None:
    checks, good, bad = Checks(clock), Upstream(well), Upstream(down)
    assert (await checks.of("a", "x", good)).kind is None
    assert (await checks.of("b", "x", bad)).kind == "UnavailableError"
    assert (await checks.of("a", "y", bad)).reason == "it is down"
    assert (good.asked, bad.asked) == (1, 2)


async def test_a_connector_that_breaks_is_named_by_its_error_alone(clock: Clock) -> None:
    found = (await Checks(clock).of("a", "x", Upstream(broken))).to_json()
    assert (found["ok"], found["kind"]) == (False, "KeyError")
    assert "jansen" not in str(found)


async def test_an_upstream_that_never_answers_is_not_waited_for(clock: Clock) -> None:
    found = await Checks(clock, within_seconds=0.01).of("a", "x", Upstream(asyncio.Event().wait))
    assert found.kind == "TimeoutError"


async def test_what_goes_on_in_the_background_is_ended_before_clients_are_closed(
    clock: Clock,
) -> None:
    ended = asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    checks, upstream = Checks(clock), Upstream(never)
    await checks.ask("a", {"x": upstream}, 0.01)
    assert (upstream.asked, ended.is_set()) == (1, False)
    await checks.stop()
    assert ended.is_set()
