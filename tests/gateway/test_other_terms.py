"""What is kept follows the retention pack in force, also where it was kept by another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow import other_terms
from avgate_gateway.retention import Pack, read_pack
from avgate_gateway.store.item import Item, ItemState

from .office import MAIL, PHONE, Office, opened

OURS = resources.files("avgate_gateway.retention") / "packs" / "libervoice-2019.toml"
SIX_MONTHS = date(2026, 8, 21)  # after the call, which was nine days before
HALF_A_MONTH = timedelta(days=15)


def disputes_take(term: str) -> Pack:
    text = OURS.read_text(encoding="utf-8")
    return read_pack("other", text.replace('disputes = "6 months"', f'disputes = "{term}"'))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """One call is kept by the pack of today, and all that could be done was done."""
    async with opened(tmp_path) as made:
        made.make("crm", "call", 1)
        await made.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
        await made.sweep(None)
        assert (await kept(made)).until == SIX_MONTHS
        made.upstreams["crm"].approved.update(made.refs["crm"])
        yield made


async def kept(office: Office) -> Item:
    [item] = (await office.see(office.ids[0])).items
    return item


async def begins_with(office: Office, pack: Pack) -> Item:
    """A start with another pack, and the round that comes with it."""
    office.pack = office.upstreams["crm"].pack = pack
    await other_terms.look_for(office.context)
    await office.sweep(None)
    return await kept(office)


async def test_a_term_that_became_shorter_ends_when_it_ends_now(office: Office) -> None:
    office.now += HALF_A_MONTH
    assert (await begins_with(office, disputes_take("2 months"))).until == date(2026, 4, 21)
    office.now = office.now.replace(month=4, day=22)
    await office.sweep(None)
    assert (await kept(office)).state is ItemState.ERASED
    await office.check_upstreams()


async def test_what_no_term_keeps_any_more_goes_at_once(office: Office) -> None:
    office.now += 3 * HALF_A_MONTH
    assert (await begins_with(office, disputes_take("1 month"))).state is ItemState.ERASED
    await office.check_upstreams()


async def test_a_term_that_became_longer_is_told_at_once(office: Office) -> None:
    item = await begins_with(office, disputes_take("9 months"))
    assert (item.state, item.until) == (ItemState.RETAINED, date(2026, 11, 21))
    office.now = office.now.replace(month=9)
    await office.sweep(None)
    assert (await kept(office)).state is ItemState.RETAINED
    await office.check_upstreams()


async def test_while_terms_stay_as_they_are_nobody_is_asked(office: Office) -> None:
    looks = len(office.upstreams["crm"].looked_after)
    before = await kept(office)
    assert await begins_with(office, disputes_take("6 months")) == before
    assert len(office.upstreams["crm"].looked_after) == looks
