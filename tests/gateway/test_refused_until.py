"""A refusal that names a day is looked at again then, and never again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.retention import local_day
from avgate_gateway.store.item import Item, ItemState

from .office import MAIL, PHONE, Office, opened

A_DAY = timedelta(days=1)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        made.make("crm", "old call", 1)
        yield made


async def refused(office: Office, *moods: str, by: str = "no") -> Item:
    """The item once crm has refused to erase it in this mood, and will as often as there are moods."""
    office.upstreams["crm"].refuses_by = by
    office.upstreams["crm"].moods.extend(moods)
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    office.upstreams["crm"].approved.update(office.refs["crm"])
    await office.sweep(None)
    return await the_item(office)


async def the_item(office: Office) -> Item:
    [item] = (await office.see(office.ids[0])).items
    return item


async def passes(office: Office, time: timedelta) -> Item:
    office.now += time
    await office.sweep(None)
    return await the_item(office)


async def open_tasks(office: Office) -> list[str]:
    return [task.code for task in (await office.see(office.ids[0])).open_hand]


async def test_it_is_asked_again_on_the_day_after_the_one_that_it_named(office: Office) -> None:
    item = await refused(office, "refuse until")
    assert (item.state, item.until) == (
        ItemState.REFUSED,
        local_day(office.now) + timedelta(days=20),
    )
    assert (await passes(office, timedelta(days=20))).state is ItemState.REFUSED
    assert (await passes(office, A_DAY)).state is ItemState.ERASED


async def test_where_its_day_is_over_a_person_is_asked_and_it_is_not(office: Office) -> None:
    item = await refused(office, *["refuse until last week"] * 9)
    assert (item.state, item.until, item.look_at) == (ItemState.REFUSED, None, None)
    assert await open_tasks(office) == ["no"]
    await passes(office, timedelta(days=40))
    assert len(office.upstreams["crm"].moods) == 8


async def test_where_its_day_has_just_ended_it_is_asked_once_more_a_day_later(
    office: Office,
) -> None:
    item = await refused(office, "refuse until yesterday")
    assert item.look_at is not None
    assert item.look_at - office.now == A_DAY
    assert (await passes(office, A_DAY)).state is ItemState.ERASED


async def test_a_bill_that_is_not_paid_by_its_day_is_asked_about_each_day(office: Office) -> None:
    item = await refused(office, *["refuse until last week"] * 3, by="usage_billed")
    assert (item.until, await open_tasks(office)) == (None, [])
    for left in (1, 0):
        assert (await passes(office, A_DAY)).state is ItemState.REFUSED
        assert len(office.upstreams["crm"].moods) == left
    assert (await passes(office, A_DAY)).state is ItemState.ERASED
