"""What the rows of a closed request say is held against the evidence: whoever alters one is noticed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway.comparing import Compared, differences
from avgate_gateway.store import evidence, evidence_schema
from avgate_gateway.store.schema import item, request, task
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors

CHANGED = "request.came_to"


async def compared(here: Indoors) -> tuple[dict[str, str], Compared]:
    """What differs, by request, and how many were looked at."""
    count = Compared()
    database, now = here.assembled.context.database, here.time.now()
    found = await differences(database, now, count, lambda _: None)
    return {one.request_id: one.says for one in found}, count


async def told(here: Indoors, request_id: str, event: str) -> list[dict[str, Any]]:
    async with here.assembled.context.database.read() as db:
        found = await evidence.entries(db, request_id=request_id, limit=1_000)
    return [json.loads(one.details) for one in found if one.event == event]


async def execute(here: Indoors, *statements: sa.Executable) -> None:
    async with here.assembled.context.database.write() as db:
        for one in statements:
            await db.execute(one)


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path, ("operator",)) as made:
        yield made


async def test_the_evidence_says_at_the_end_how_many_fared_how(here: Indoors) -> None:
    request_id = await here.erased(here.person(Role.SAME_NAME_FIRST), "operator")
    [end] = await told(here, request_id, "request.closed")
    report = await here.report(request_id)
    assert end["outcomes"]["operator"]["retained"] == total(report, "retained") > 0
    assert sum(end["outcomes"]["operator"].values()) == sum(line["count"] for line in report)
    access = await here.carry_out(
        a_request("access", here.person(Role.SAME_NAME_FIRST), "operator")
    )
    [end] = await told(here, access, "request.closed")
    assert set(end) == {"closing", "facts"}
    found, count = await compared(here)
    assert (found, count.count) == ({}, 2)


def total(report: list[dict[str, Any]], outcome: str) -> int:
    return sum(line["count"] for line in report if line["outcome"] == outcome)


OF_ERASURE: dict[str, tuple[Any, str]] = {
    "what was kept is said to be gone": (
        item.update().where(item.c.state == "retained").values(state="erased"),
        "operator: ",
    ),
    "an item is gone": (item.delete().where(item.c.state == "retained"), "0 retained by its rows"),
    "a ground is another": (
        item.update().where(item.c.state == "retained").values(ground="legal_duty"),
        "other grounds, days, reasons or parts",
    ),
    "a day is another": (
        item.update().where(item.c.state == "retained").values(until=date(2040, 1, 1)),
        "other grounds, days, reasons or parts",
    ),
    "a part was set aside": (
        task.update().values(quarantined=3),
        "other grounds, days, reasons or parts",
    ),
    "it is not there": (request.delete(), "it is not there"),
    "it is open": (request.update().values(state="waiting"), "says that it is open, the evidence"),
}


@pytest.mark.parametrize(("change", "says"), OF_ERASURE.values(), ids=OF_ERASURE)
async def test_an_altered_row_is_told_with_its_request(
    here: Indoors, change: Any, says: str
) -> None:
    request_id = await here.erased(here.person(Role.SAME_NAME_FIRST), "operator")
    assert (await compared(here))[0] == {}
    await execute(here, change)
    found, _ = await compared(here)
    assert set(found) == {request_id}
    assert says in found[request_id]


async def test_what_an_access_is_said_to_have_handed_out_is_held_against_it_too(
    here: Indoors,
) -> None:
    access = await here.carry_out(
        a_request("access", here.person(Role.SAME_NAME_FIRST), "operator")
    )
    await execute(here, task.update().values(tally={"contact/general": 1}))
    assert set((await compared(here))[0]) == {access}


async def test_what_comes_about_later_is_written_down_too(here: Indoors) -> None:
    person = here.person(Role.SAME_NAME_FIRST)
    request_id = await here.erased(person, "operator")
    for _ in range(5):
        await here.let_pass(days=60)
        await here.let_pass(seconds=5)
        found, count = await compared(here)
        assert (found, count.count) == ({}, 1)
    last = (await told(here, request_id, CHANGED))[-1]
    assert last["outcomes"]["operator"].get("retained", 0) == total(
        await here.report(request_id), "retained"
    )


@pytest.mark.parametrize("more", [{}, {"decisions_box": b"altered"}], ids=["", "with a failure"])
async def test_what_was_altered_is_not_covered_up_by_looking_again(
    here: Indoors, more: dict[str, bytes]
) -> None:
    request_id = await here.erased(here.person(Role.SAME_NAME_FIRST), "operator")
    kept = item.c.state == "retained"
    due = here.time.now() - timedelta(seconds=1)
    await execute(
        here,
        item.update().where(kept).values(state="erased", look_at=None),
        request.update().values(wake_at=due, **more),
    )
    found, count = await compared(here)
    assert (found, count.busy) == ({}, 1)
    await here.settle()
    assert await told(here, request_id, CHANGED)
    assert "nothing that led to it" in (await compared(here))[0][request_id]


async def test_what_an_earlier_release_closed_is_counted_and_not_compared(here: Indoors) -> None:
    request_id = await here.erased(here.person(Role.SAME_NAME_FIRST), "operator")
    table = evidence_schema.evidence
    await execute(
        here, table.update().where(table.c.event == "request.closed").values(details="{}")
    )
    found, count = await compared(here)
    assert (found, count.count, count.older) == ({}, 0, 1)
    await here.let_pass(days=200)
    await here.let_pass(seconds=5)
    assert await told(here, request_id, CHANGED) == []
