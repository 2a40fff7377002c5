"""Time as stories are told it, and what is left of a call that was cut or refused."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from avgate_contracts.kit.clock import Clock, LiveClock, run
from avgate_contracts.kit.commands.live import _upstream
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import PASSING, REFUSALS, UNHEARD, Scene, named, without_effect

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOUND = {"content-type": "audio/x-wav"}


def scene(answer: httpx.Response | Exception) -> Scene:
    async def proceed() -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Scene(NOON, "", httpx.Request("POST", "http://upstream.example/"), proceed)


def test_two_that_wait_at_once_move_the_clock_of_a_recording_once() -> None:
    async def wait() -> datetime:
        clock = LiveClock(NOON, patience=0.0)
        await asyncio.gather(clock.sleep(5), clock.sleep(3))
        return clock.now()

    assert run(wait()) == NOON + timedelta(seconds=5)


def test_a_story_begins_at_its_own_time_whatever_was_played_before() -> None:
    async def wait() -> datetime:
        await asyncio.sleep(3600)
        return Clock(NOON).now()

    assert run(wait()) == NOON


async def test_an_answer_that_is_cut_is_the_one_that_was_asked_for() -> None:
    fault = named(PASSING, "cut body")
    answer = await fault.happen(scene(httpx.Response(200, headers=SOUND, content=b"RIFFRIFF")))
    assert answer.headers["content-type"] == SOUND["content-type"]
    with pytest.raises(httpx.RemoteProtocolError):
        await answer.aread()


async def test_an_upstream_that_refused_a_write_knows_nothing_of_it() -> None:
    told = scene(httpx.ReadTimeout("sent, and never arrived"))
    answer = await without_effect(named(REFUSALS, "422")).happen(told)
    assert answer.status_code == 422
    assert told.request.extensions[UNHEARD]


async def test_an_upstream_may_give_all_the_settings_that_lead_to_it() -> None:
    @asynccontextmanager
    async def upstream() -> AsyncIterator[Mapping[str, object]]:
        yield {"lists": []}

    class Suite(Declared):
        pass

    Suite.upstream = staticmethod(upstream)
    async with _upstream(Suite, {}) as told:
        assert dict[str, object](told) == {"lists": []}
