"""Events on their way from a change of state to somebody's server, over real sockets."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.receiver import receiving

from avgate_gateway.store import deliveries
from avgate_gateway.store.deliveries import Wanted
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors


async def send(here: Indoors) -> None:
    await here.assembled.deliverer.sweep()
    await here.assembled.deliverer.idle()


async def listed(here: Indoors) -> list[deliveries.Delivery]:
    async with here.assembled.context.database.read() as db:
        return list(await deliveries.listed(db, Wanted("libervoice", None, None, None, None, 100)))


async def test_what_becomes_of_an_access_is_told_and_verifies(tmp_path: Path) -> None:
    async with receiving() as crm, indoors(tmp_path, ("directory",), more=crm.endpoint()) as here:
        request_id = await here.carry_out(a_request("access", here.person(Role.RUNNING)))
        for _ in range(3):
            await send(here)
        told = [one.verified() for one in crm.came]
        assert {one["data"]["request_id"] for one in told} == {request_id}
