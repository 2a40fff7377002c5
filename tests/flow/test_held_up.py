"""A request that does not get on says why, to whoever asks for it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_gateway.bulkheads import NONE
from avgate_gateway.flow import settling
from avgate_gateway.flow.advance import advance
from avgate_gateway.flow.circling import CirclingError
from avgate_gateway.store import requests
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors


async def test_one_whose_upstream_has_no_place_says_so_until_it_gets_on(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        assert (await here.request(request_id))["held_up"] is None
        here.time.pushed += timedelta(seconds=40)
        waits = await here.request(request_id)
        assert "Not done yet is what directory has to do" in waits["held_up"]
        async with AsyncExitStack() as places:
            for _ in range(8):
                place = here.assembled.engine.bulkheads.entered(frozenset({"libervoice/directory"}))
                await places.enter_async_context(place)
            waits = await here.request(request_id)
        assert "All places at directory are taken" in waits["held_up"]
        await here.settle()
        done = await here.request(request_id)
        assert (done["state"], done["held_up"]) == ("closed", None)


async def test_one_that_a_mistake_of_ours_stops_says_so_here_and_in_readiness(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        here.assembled.engine.faults.happened(request_id, KeyError("jan.jansen@example.org"))
        stopped = await here.request(request_id)
        assert "(KeyError) has stopped it once" in stopped["held_up"]
        assert "1 request is stopped" in (await here.get("/health/ready"))["behind"]


async def test_a_part_that_waited_for_its_place_does_nothing_for_a_request_that_was_ended(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("access", person, "directory"))
        bulkheads, context = here.assembled.engine.bulkheads, here.assembled.context
        directory = frozenset({"libervoice/directory"})
        async with AsyncExitStack() as places:
            for _ in range(8):
                await places.enter_async_context(bulkheads.entered(directory))
            async with bulkheads.entered(frozenset({NONE})):
                advancing = asyncio.create_task(advance(context, request_id))
            while not bulkheads.waiting:  # noqa: ASYNC110 -- nothing tells of it
                await asyncio.sleep(0)
            ended = await here.caller().post(f"/v1/requests/{request_id}/cancel", json={})
            assert ended.status_code == 200
            here.calls.clear()
        await advancing
        assert here.calls == []
        assert (await here.request(request_id))["closing"] is not None


async def test_one_that_is_worked_on_for_ever_and_comes_no_further_is_a_mistake_of_ours(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        await here.until(request_id, "approval")
        for _ in range(19):
            await _come_to_nothing(here, request_id)
        for _ in range(2):
            with pytest.raises(CirclingError):
                await _come_to_nothing(here, request_id)
        assert (await here.request(request_id))["state"] == "running"
        await advance(here.assembled.context, request_id)
        assert (await here.request(request_id))["waiting_for"] == "approval"
        await _come_to_nothing(here, request_id)  # counted anew, for it got on


async def _come_to_nothing(here: Indoors, request_id: str) -> None:
    """A look after which all is located, as it was, and nothing is planned."""
    context = here.assembled.context
    async with context.database.write() as db:
        nothing = {"plan_box": None, "plan_digest": None, "plan_valid_until": None}
        await requests.change(db, request_id, **nothing)
        found = await requests.find(db, request_id)
    assert found is not None
    await settling.settle(context, found)
