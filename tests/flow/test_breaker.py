"""A crowd of erasures that nobody expects waits for a person, whatever is lost or restarted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from avgate_gateway.authentication import Scope
from avgate_gateway.store.schema import rate
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors

STAFF = frozenset(Scope) - {Scope.ADMIN}
FEW = "erasures_per_hour = 3\n"


def gateway(
    folder: Path, rules: str = FEW, exempt: str = "nobody"
) -> AbstractAsyncContextManager[Indoors]:
    return indoors(folder, ("directory",), rules=rules, exempt=exempt)


async def planned(here: Indoors, count: int, client: str = "portal") -> list[str]:
    """So many erasures whose plan is ready, each of somebody else."""
    people = here.world.people[:count]
    made = [await here.submit(a_request("erase", one, "directory"), client) for one in people]
    await here.settle()
    return made


async def approved(
    here: Indoors, request_id: str, client: str = "colleague", scopes: Iterable[Scope] = STAFF
) -> httpx.Response:
    digest = (await here.request(request_id))["plan"]["digest"]
    body = {"plan_digest": digest, "decision": "approve"}
    caller = here.caller(client, scopes=scopes)
    return await caller.post(f"/v1/requests/{request_id}/approval", json=body)


async def pass_by(here: Indoors, **span: float) -> None:
    """Time passes, and for windows too: on PostgreSQL they go by the server's clock, which nobody pushes."""
    passed = timedelta(**span) // timedelta(microseconds=1)
    async with here.assembled.context.database.write() as db:
        if db.dialect.name == "postgresql":
            await db.execute(rate.update().values(until=rate.c.until - passed))
    await here.let_pass(**span)


async def test_an_erasure_too_many_is_approved_by_whoever_may_exceed_or_later(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path) as here:
        ids = await planned(here, 6)
        for one in ids[:3]:
            assert (await approved(here, one)).status_code == 200
        for _ in range(2):
            answer = await approved(here, ids[3])
            assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (409, "erasures-held")  # fmt: skip
            assert 3500 < int(answer.headers["retry-after"]) <= 3600
        assert (await here.request(ids[3]))["waiting_for"] == "approval"
        assert (
            await approved(here, ids[0])
        ).status_code == 200  # the same again counts for nothing
        chief = await approved(here, ids[3], "chief", frozenset(Scope))
        assert chief.status_code == 200
        assert "erasure.let_go" in await here.events(ids[3])
        assert (await approved(here, ids[4])).status_code == 409
        await pass_by(here, minutes=59)
        assert (await approved(here, ids[4])).status_code == 409
        await pass_by(here, minutes=2)
        assert (await approved(here, ids[5])).status_code in {200, 409}  # the plan may be made anew


async def test_one_client_holds_up_nobody_else(tmp_path: Path) -> None:
    async with gateway(tmp_path, "erasures_per_hour_of_client = 2\n") as here:
        hasty, other = await planned(here, 3, "hasty"), await planned(here, 1, "calm")
        for one in hasty[:2]:
            assert (await approved(here, one)).status_code == 200
        assert (await approved(here, hasty[2])).status_code == 409
        assert (await approved(here, other[0], "second")).status_code == 200
        assert (await approved(here, hasty[2], "second")).status_code == 409


async def test_who_approves_too_many_is_held_up_too(tmp_path: Path) -> None:
    async with gateway(tmp_path, "erasures_per_hour_of_client = 2\n") as here:
        ids = [(await planned(here, number + 1, f"desk {number}"))[-1] for number in range(3)]
        told = [(await approved(here, one)).status_code for one in ids]
        assert told == [200, 200, 409]


async def test_what_needs_nobody_needs_somebody_once_there_are_too_many(tmp_path: Path) -> None:
    async with gateway(tmp_path, exempt="robot") as here:
        ids = await planned(here, 5, "robot")
        shown = [await here.request(one) for one in ids]
        held = [one for one in shown if one["waiting_for"] == "approval"]
        assert len(held) == 2
        assert {"More erasures than usual" in one["held_up"] for one in held} == {True}
        waits = str(held[0]["id"])
        await pass_by(here, hours=2)  # it was left to a person, and time alone does not change that
        assert (await here.request(waits))["waiting_for"] == "approval"
        events = await here.events(waits)
        assert events.count("erasure.held") == 1
        assert "plan.approved" not in events
        assert (await approved(here, waits)).status_code == 200
        assert (await here.request(waits))["held_up"] is None


async def test_a_restart_gives_no_more_room(tmp_path: Path) -> None:
    async with gateway(tmp_path) as here:
        ids = await planned(here, 4)
        for one in ids[:3]:
            assert (await approved(here, one)).status_code == 200
        digest = (await here.request(ids[3]))["plan"]["digest"]
    async with gateway(tmp_path) as again:
        body = {"plan_digest": digest, "decision": "approve"}
        caller = again.caller("colleague", scopes=STAFF)
        answer = await caller.post(f"/v1/requests/{ids[3]}/approval", json=body)
        assert answer.json()["type"].endswith("/erasures-held")


async def test_at_once_there_is_no_more_room_than_one_after_the_other(tmp_path: Path) -> None:
    async with gateway(tmp_path) as here:
        ids = await planned(here, 6)
        answers = await asyncio.gather(*(approved(here, one) for one in ids))
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3


@pytest.mark.parametrize("operation", ["access", "rectify"])
async def test_other_operations_do_not_count(tmp_path: Path, operation: str) -> None:
    async with gateway(tmp_path, "erasures_per_hour = 1\n", exempt="robot") as here:
        person = here.person(Role.RUNNING)
        more = {"changes": [{"field": "address.city", "to": "Doesburg"}]}
        for _ in range(3):
            asked = a_request(operation, person, "directory")
            one = await here.submit({**asked, **(more if operation == "rectify" else {})}, "robot")
            await here.settle()
            assert (await here.request(one))["waiting_for"] != "approval"
