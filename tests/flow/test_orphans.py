"""A controller that left the config: its requests wait, and nobody waits for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from avgate_gateway.flow.advance import advance
from avgate_gateway.store import requests
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors


async def due(here: Indoors) -> list[str]:
    async with here.assembled.context.database.read() as db:
        return list(await requests.due(db, here.time.now(), 64))


async def test_a_request_without_a_controller_is_not_woken_again_at_once(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        assert await due(here) == [request_id]
        context = here.assembled.context
        others = {name: desk for name, desk in context.desks.items() if name != "libervoice"}
        here.woken.clear()
        await advance(replace(context, desks=others), request_id)
        assert await due(here) == []
        assert not here.calls
        await here.let_pass(minutes=59)
        assert (await here.request(request_id))["state"] != "closed"
        await here.let_pass(minutes=2)
        assert (await here.request(request_id))["state"] == "closed"
