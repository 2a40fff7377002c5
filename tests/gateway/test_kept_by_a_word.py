"""What a person found has to stay is kept until the day that they gave, and judged anew after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow import other_terms
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store import kept as kept_rows
from avgate_gateway.store import requests
from avgate_gateway.store.hand_tasks import Kept
from avgate_gateway.store.item import ItemState

from .office import MAIL, PHONE, Office, opened
from .seen import Seen
from .test_other_terms import disputes_take

LAST = date(2026, 5, 1)
DURING_A_CLAIM = Kept("legal_claim", LAST)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def left_to_a_person(office: Office, kind: str) -> None:
    office.make("crm", kind, 1)
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    await office.decide(office.ids[0], "approve")
    await office.sweep(None)
    assert (await now(office)).request.waiting_for is WaitingFor.PERSON


async def now(office: Office) -> Seen:
    return await office.see(office.ids[0])


async def kept(office: Office) -> None:
    await office.complete(office.ids[0], 0, honest=False, kept=DURING_A_CLAIM)
    await office.sweep(None)


def how(seen: Seen) -> tuple[ItemState, str | None, list[str]]:
    [item] = seen.items
    return item.state, item.code, [task.code for task in seen.open_hand]


STAYS = (ItemState.RETAINED, "kept_by_person", list[str]())


@pytest.mark.parametrize("kind", ["by hand", "call without a date"])
async def test_it_stays_on_that_ground_and_is_asked_about_again_after_its_last_day(
    office: Office, kind: str
) -> None:
    await left_to_a_person(office, kind)
    await kept(office)
    seen = await now(office)
    assert how(seen) == STAYS
    assert seen.request.state is State.CLOSED
    [item] = seen.items
    assert (item.ground, item.until) == ("legal_claim", LAST)
    office.now = office.now.replace(month=5, day=1, hour=12)
    await office.sweep(None)
    assert how(await now(office)) == STAYS, "its last day is a day on which it stays"
    office.now += timedelta(days=1)
    await office.sweep(None)
    state, code, tasks = how(await now(office))
    assert (state, tasks) == (ItemState.BY_HAND, [code]), "nobody is asked whether it may go"
    await office.check_upstreams()


async def test_what_went_meanwhile_without_us_is_told_as_gone(office: Office) -> None:
    await left_to_a_person(office, "call without a date")
    await kept(office)
    office.upstreams["crm"].drop(list(office.refs["crm"]))
    office.now = office.now.replace(month=5, day=2)
    await office.sweep(None)
    assert how(await now(office)) == (ItemState.ALREADY_GONE, None, [])


async def test_no_term_that_is_put_right_takes_back_what_a_person_said(office: Office) -> None:
    await left_to_a_person(office, "call without a date")
    await kept(office)
    looks = len(office.upstreams["crm"].looked_after)
    office.pack = office.upstreams["crm"].pack = disputes_take("1 month")
    await other_terms.look_for(office.context)
    await office.sweep(None)
    assert how(await now(office)) == STAYS
    assert len(office.upstreams["crm"].looked_after) == looks, "the system was asked for nothing"


async def test_a_look_before_its_day_leaves_it_as_it_is(office: Office) -> None:
    await left_to_a_person(office, "call without a date")
    await kept(office)
    [item] = (await now(office)).items
    async with office.db.write() as db:
        await kept_rows.look_now(db, [item.id], office.now)
        await requests.wake(db, item.request_id, office.now)
    await office.sweep(None)
    assert (await now(office)).items == [item], "its day is forgotten, or it was judged by a term"


async def test_a_term_that_keeps_it_longer_does(office: Office) -> None:
    await left_to_a_person(office, "call without a date")
    await kept(office)
    [held] = office.upstreams["crm"].of_subject()
    held.item = replace(held.item, term_starts=office.now)
    office.now = office.now.replace(month=5, day=2)
    await office.sweep(None)
    assert how(await now(office)) == (ItemState.RETAINED, "disputes", [])


async def test_what_was_left_to_a_person_is_theirs_still_where_no_term_keeps_it(
    office: Office,
) -> None:
    await left_to_a_person(office, "call without a date")
    await kept(office)
    [held] = office.upstreams["crm"].of_subject()
    held.item = replace(held.item, term_starts=office.now - timedelta(days=400))
    office.now = office.now.replace(month=5, day=2)
    await office.sweep(None)
    assert how(await now(office)) == (ItemState.BY_HAND, "term_over", ["term_over"])
    assert office.upstreams["crm"].of_subject(), "a program did what a plan left to a person"


async def test_only_items_of_an_erasure_can_be_said_to_stay(office: Office) -> None:
    office.make("paper", "customer", 1)
    await office.submit(Operation.RECTIFY, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    before = await now(office)
    await office.complete(office.ids[0], 0, honest=False, kept=DURING_A_CLAIM)
    assert (await now(office)).open_hand == before.open_hand
