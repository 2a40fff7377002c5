"""A controller that left the config: its requests wait, and nobody waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
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


async def test_a_process_that_does_not_know_a_connector_yet_leaves_its_part_to_the_others(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        context = here.assembled.context
        desk = context.desks["libervoice"]
        older = {**context.desks, desk.name: replace(desk, connectors={})}
        here.woken.clear()
        for _ in range(6):
            await advance(replace(context, desks=older), request_id)
            [part] = (await here.request(request_id))["connectors"]
            assert part["stage"] == "locate", part
            here.time.pushed += timedelta(minutes=5)
        await here.settle()
        assert (await here.request(request_id))["state"] == "closed"


async def keys_of(here: Indoors, request_id: str) -> list[bool]:
    async with here.assembled.context.database.read() as db:
        sealed = await requests.sealed(db, request_id)
    return [one is not None for one in (sealed.subject_key, sealed.retention_key)]


async def test_what_was_promised_to_be_destroyed_is_destroyed_without_its_controller(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("access", person, "directory"))
        context = here.assembled.context
        others = {name: desk for name, desk in context.desks.items() if name != "libervoice"}
        alone = replace(context, desks=others)
        here.time.pushed += timedelta(days=29)
        await advance(alone, request_id)
        assert await keys_of(here, request_id) == [True, True]
        assert await due(here) == []
        here.time.pushed += timedelta(days=2)
        assert await due(here) == [request_id]
        await advance(alone, request_id)
        assert await keys_of(here, request_id) == [False, False]
        here.time.pushed += timedelta(days=2)
        assert await due(here) == [], "nothing is left to be done for it"


async def test_what_was_kept_waits_for_its_controller_and_its_person_does_not(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("erase", person, "operator"), "closed")
        assert [x for x in await here.report(request_id) if x["outcome"] == "retained"]
        context = here.assembled.context
        others = {name: desk for name, desk in context.desks.items() if name != "libervoice"}
        here.time.pushed += timedelta(days=31)
        here.calls.clear()
        await advance(replace(context, desks=others), request_id)
        assert await keys_of(here, request_id) == [False, True]
        assert await due(here) == []
        assert not here.calls
