"""A request that does not get on says why, to whoever asks for it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from avgate_gateway.bulkheads import NONE
from avgate_gateway.flow.advance import advance
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import indoors


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
