"""What is to come about on no day that anybody could look on is neither forgotten nor called done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avgate_contracts.outcome import Pending
from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.outcomes import columns
from avgate_gateway.store.item import ItemState

from .office import MAIL, PHONE, Office, opened
from .seen import Seen

NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # as upstreams write it


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        made.make("crm", "old call", 1)
        yield made


async def erased(office: Office) -> Seen:
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    office.upstreams["crm"].approved.update(office.refs["crm"])
    await office.sweep(None)
    return await office.see(office.ids[0])


@pytest.mark.parametrize("mood", ["schedule for no day", "schedule for never"])
async def test_an_erasure_that_is_confirmed_for_no_day_is_for_a_person(
    office: Office, mood: str
) -> None:
    office.upstreams["crm"].moods.append(mood)
    seen = await erased(office)
    assert [(item.state, item.code) for item in seen.items] == [(ItemState.FAILED, "no_day")]
    assert [task.code for task in seen.open_hand] == ["no_day"]


async def test_what_stays_until_never_is_looked_at_until_that_is_put_right(office: Office) -> None:
    [held] = office.upstreams["crm"].of_subject()
    of_old, held.item = held.item, replace(held.item, term_starts=NEVER)
    assert [item.state for item in (await erased(office)).items] == [ItemState.RETAINED]
    office.now += timedelta(days=60)  # by when all keys of what is at its end are destroyed
    await office.sweep(None)
    held.item = of_old
    office.now += timedelta(days=1)
    await office.sweep(None)
    assert [item.state for item in (await office.see(office.ids[0])).items] == [ItemState.ERASED]
    await office.check_upstreams()


@pytest.mark.parametrize("promised", [NEVER, datetime(2027, 1, 1, tzinfo=UTC)])
async def test_what_was_accepted_is_asked_about_within_a_day_whatever_was_promised(
    office: Office, promised: datetime
) -> None:
    found = columns(Pending("job", promised), office.now)
    assert found["look_at"] == office.now + timedelta(days=1)
