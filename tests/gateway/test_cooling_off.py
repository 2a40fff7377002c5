"""Between an approval and what cannot be taken back: time to withdraw it, and another look if it is late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.plan_freshness import FRESH
from avgate_gateway.request import State
from avgate_gateway.store import cooling
from avgate_gateway.store.item import ItemState

from .office import MAIL, PHONE, Office, opened

COOLING_OFF = timedelta(minutes=30)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path, cooling_off=COOLING_OFF) as made:
        yield made


async def approved(office: Office, client: str = "portal", what: str = "card") -> str:
    office.make("crm", what, 2)
    await office.submit(Operation.ERASE, client, (PHONE, MAIL), known=True)
    await office.sweep(None)
    [request_id] = office.ids
    await office.decide(request_id, "approve")
    await office.sweep(None)
    return request_id


def held(office: Office) -> int:
    return len(office.upstreams["crm"].holdings)


@pytest.mark.parametrize("client", ["portal", "robot"])
async def test_nothing_is_done_until_it_has_cooled_off(office: Office, client: str) -> None:
    request_id = await approved(office, client)
    request = (await office.see(request_id)).request
    assert request.approval is not None
    assert request.approval.begins_at == office.now + COOLING_OFF
    office.now += COOLING_OFF - timedelta(seconds=1)
    await office.sweep(None)
    assert held(office) == 2
    office.now += timedelta(seconds=1)
    await office.sweep(None)
    assert held(office) == 0
    assert (await office.see(request_id)).request.state is State.CLOSED


@pytest.mark.parametrize("what", ["card", "call"])
async def test_until_then_it_may_be_withdrawn(office: Office, what: str) -> None:
    request_id = await approved(office, what=what)
    await office.decide(request_id, "cancel")
    office.now += timedelta(days=400)
    await office.sweep(None)
    seen = await office.see(request_id)
    assert (seen.request.closing, held(office)) == ("cancelled", 2)
    assert not seen.open_hand
    assert {item.state for item in seen.items} <= {ItemState.LOCATED}


async def test_who_restored_a_database_may_withdraw_it_again(office: Office) -> None:
    request_id = await approved(office)
    database = office.context.database
    office.now += COOLING_OFF + timedelta(days=1)  # the backup is a day old
    async with database.write() as db:
        assert await cooling.anew(db, "elsewhere", office.now, office.now + COOLING_OFF) == 0
        until = office.now + COOLING_OFF
        assert await cooling.anew(db, "c", office.now, until) == 1
    await office.sweep(None)
    assert held(office) == 2
    await office.decide(request_id, "cancel")
    office.now += timedelta(days=400)
    await office.sweep(None)
    assert ((await office.see(request_id)).request.closing, held(office)) == ("cancelled", 2)


async def test_what_is_not_withdrawn_after_a_restore_begins_in_time(office: Office) -> None:
    await approved(office)
    office.now += COOLING_OFF
    until = office.now + COOLING_OFF
    async with office.context.database.write() as db:
        assert await cooling.anew(db, "c", office.now, until) == 1
    office.now = until - timedelta(seconds=1)
    await office.sweep(None)
    assert held(office) == 2
    office.now = until
    await office.sweep(None)
    assert held(office) == 0
    async with office.context.database.write() as db:
        assert await cooling.anew(db, "c", office.now, until) == 0


async def test_it_cannot_be_hurried(office: Office) -> None:
    request_id = await approved(office)
    await office.decide(request_id, "retry all")
    await office.sweep(None)
    assert held(office) == 2


async def test_what_has_begun_cannot_be_withdrawn(office: Office) -> None:
    request_id = await approved(office)
    office.now += COOLING_OFF
    await office.decide(request_id, "cancel")
    assert (await office.see(request_id)).request.closing is None


@pytest.mark.parametrize("late", [False, True])
async def test_what_would_stay_by_now_stays_although_it_was_approved(
    office: Office, *, late: bool
) -> None:
    office.cooling_off = 2 * FRESH if late else COOLING_OFF
    request_id = await approved(office, what="former customer")
    crm = office.upstreams["crm"]
    for ref, one in crm.holdings.items():
        crm.holdings[ref] = replace(one, item=replace(one.item, service_runs=True))
    office.now += office.cooling_off
    await office.sweep(None)
    seen = await office.see(request_id)
    states = {item.state for item in seen.items}
    if late:
        assert (held(office), states) == (2, {ItemState.RETAINED})
        assert seen.request.state is State.CLOSED
    else:  # looked at less than an hour ago: the upstream itself says no
        assert states != {ItemState.RETAINED}


@pytest.mark.parametrize("change", ["another start", "plans that are valid for a shorter time"])
async def test_what_was_planned_by_settings_of_before_is_looked_at_again(
    office: Office, change: str
) -> None:
    is_late = change != "another start"
    office.cooling_off = 2 * FRESH if is_late else COOLING_OFF
    await approved(office, what="former customer")
    crm = office.upstreams["crm"]
    for ref, one in crm.holdings.items():
        crm.holdings[ref] = replace(one, item=replace(one.item, service_runs=True))
    office.now += office.cooling_off
    if is_late:
        office.plan_valid -= timedelta(days=1)
    else:
        office.began = office.now
    await office.sweep(None)
    [request_id] = office.ids
    states = {item.state for item in (await office.see(request_id)).items}
    assert (held(office), states) == (2, {ItemState.RETAINED})


async def test_what_went_meanwhile_is_said_to_have_gone_before(office: Office) -> None:
    office.cooling_off = 2 * FRESH
    request_id = await approved(office)
    office.upstreams["crm"].holdings.clear()
    office.now += office.cooling_off
    await office.sweep(None)
    assert {i.state for i in (await office.see(request_id)).items} == {ItemState.ALREADY_GONE}


async def test_what_is_as_it_was_goes_however_late(office: Office) -> None:
    office.cooling_off = 2 * FRESH
    request_id = await approved(office)
    office.now += timedelta(days=30)
    await office.sweep(None)
    assert held(office) == 0
    assert {i.state for i in (await office.see(request_id)).items} == {ItemState.ERASED}
