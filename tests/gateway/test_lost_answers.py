"""What the simulation of the flow found, on the flow itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.request import State
from avgate_gateway.store.cut_short import SupersededError
from avgate_gateway.store.holding import HELD, Holding
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, TaskCode

from .invariants import GONE, check_items
from .office import MAIL, PHONE, Office, opened


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def _erase(office: Office, *moods: str, items: int = 2) -> None:
    office.make("crm", "card", items)
    crm = office.upstreams["crm"]
    crm.moods = list(moods)
    crm.approved.update(office.refs["crm"])
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)


@pytest.mark.parametrize(
    "moods",
    [
        ("pending and lost", "pending"),
        ("pending and lost", "down", "pending"),
        ("pending and lost", "silent", "pending"),
        ("pending and lost", "pending and lost", "pending"),
    ],
)
async def test_an_order_whose_answer_was_lost_is_not_placed_again(
    office: Office, moods: tuple[str, ...]
) -> None:
    await _erase(office, *moods)
    for _ in range(6):
        office.now += timedelta(hours=11)
        await office.sweep(None)
    await office.check_upstreams()
    seen = await office.see(office.ids[0])
    assert {item.state for item in seen.items} <= GONE
    assert seen.request.state is State.CLOSED


async def _later(office: Office, hours: int) -> None:
    for _ in range(hours):
        office.now += timedelta(hours=1)
        await office.sweep(None)


async def test_what_is_never_answered_for_is_left_to_a_person_in_the_end(office: Office) -> None:
    await _erase(office, *["unknown before"] * 20)
    assert not (await office.see(office.ids[0])).open_hand
    await _later(office, 24)
    seen = await office.see(office.ids[0])
    assert {item.state for item in seen.items} == {ItemState.UNKNOWN}
    assert len(office.upstreams["crm"].bodies) == 1  # always the same call
    assert [hand.code for hand in seen.open_hand] == ["outcome_unknown"]


@pytest.mark.parametrize("mood", ["unknown before", "lost before"])
async def test_an_upstream_that_takes_no_writes_for_hours_is_told_again_by_itself(
    office: Office, mood: str
) -> None:
    """It shows all there is meanwhile: a person would have had to try each erasure again."""
    await _erase(office, *[mood] * 5)
    seen = await office.see(office.ids[0])
    task = seen.tasks["crm"]
    assert (task.stage, task.code) == (Stage.EXECUTE, TaskCode.UNAVAILABLE)
    assert len(office.upstreams["crm"].moods) == 3  # told twice, and no more for now
    await _later(office, 6)
    seen = await office.see(office.ids[0])
    assert {item.state for item in seen.items} <= GONE
    assert seen.request.state is State.CLOSED
    assert len(office.upstreams["crm"].bodies) == 1


async def test_what_was_seen_before_a_connector_got_stuck_is_not_left_lying(office: Office) -> None:
    office.make("crm", "card", 1)
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    office.upstreams["crm"].troubles = ["down"] * 12
    office.now += timedelta(days=8)  # the plan lapses, and what it covers is located anew
    for _ in range(14):
        await office.sweep(None)
        office.now += timedelta(days=1)
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    check_items(seen)
    assert seen.request.state is State.CLOSED


async def test_a_worker_that_was_frozen_past_its_lease_asks_nothing_of_an_upstream(
    office: Office,
) -> None:
    frozen = HELD.set(Holding("r", "w", 1, lives=lambda: False))
    with pytest.raises(SupersededError):
        await _erase(office)
    assert office.upstreams["crm"].bodies == {}
    HELD.reset(frozen)
    await office.sweep(None)
    assert len(office.upstreams["crm"].bodies) == 1
    assert {item.state for item in (await office.see(office.ids[0])).items} <= GONE


async def test_what_nobody_answers_for_does_not_keep_later_batches_from_being_looked_at(
    office: Office,
) -> None:
    never = ["unknown before"] * 5  # batches of a hundred
    await _erase(office, *never, "unknown after", *never * 14, items=600)
    await _later(office, 24)
    seen = await office.see(office.ids[0])
    assert Counter(item.state for item in seen.items) == {
        ItemState.UNKNOWN: 500,
        ItemState.ERASED: 100,
    }


async def test_what_is_said_to_be_gone_is_looked_for_though_what_led_there_is_gone(
    office: Office,
) -> None:
    office.make("crm", "card", 3)
    crm = office.upstreams["crm"]
    crm.lead, crm.moods = "crm/0", ["lie but of the first"]
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    assert set(crm.holdings) == {"crm/1", "crm/2"}
    seen = await office.see(office.ids[0])
    told = {(item.state, item.code) for item in seen.items}
    assert told == {(ItemState.ERASED, None), (ItemState.FAILED, "still_held")}
    assert seen.request.state is not State.CLOSED


async def test_an_erasure_that_is_said_to_be_a_correction_is_none(office: Office) -> None:
    await _erase(office, "said to be right")
    seen = await office.see(office.ids[0])
    assert {(item.state, item.code) for item in seen.items} == {(ItemState.FAILED, "other_effect")}
    assert seen.request.state is not State.CLOSED


async def test_what_is_listed_as_theirs_and_as_somebody_elses_is_not_touched(
    office: Office,
) -> None:
    office.make("crm", "card", 1)
    office.make("crm", "somebody else's", 1)
    crm = office.upstreams["crm"]
    mine, other = crm.holdings.values()
    other.item, crm.strangers = mine.item, True
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    for _ in range(6):
        await office.sweep(None)
        office.now += timedelta(minutes=1)
    seen = await office.see(office.ids[0])
    assert not crm.bodies
    assert [hand.code for hand in seen.open_hand] == ["contract_broken"]


@pytest.mark.parametrize(
    ("never", "state"),
    [
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), ItemState.ERASED),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=5))), ItemState.RETAINED),
        (datetime.max.replace(tzinfo=UTC), ItemState.RETAINED),
    ],
)
async def test_a_day_that_is_not_in_the_calendar_stops_no_request(
    office: Office, never: datetime, state: ItemState
) -> None:
    office.make("crm", "call", 1)
    (held,) = office.upstreams["crm"].holdings.values()
    held.item = replace(held.item, term_starts=never)
    office.upstreams["crm"].approved.add(held.item.ref)
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    assert [item.state for item in seen.items] == [state]


async def test_what_the_policy_approves_at_once_is_looked_at_once_after_and_not_before(
    office: Office,
) -> None:
    await _erase(office)
    seen = await office.see(office.ids[0])
    assert {item.state for item in seen.items} <= GONE
    looked_after = office.upstreams["crm"].looked_after
    assert looked_after
    assert 0 not in looked_after


async def test_an_order_that_is_not_known_any_more_keeps_no_other_from_being_confirmed(
    office: Office,
) -> None:
    office.make("crm", "card", 2)
    crm = office.upstreams["crm"]
    crm.approved.update(office.refs["crm"])
    crm.moods, crm.forgotten = ["pending"], {"crm-0"}
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    for _ in range(12):
        office.now += timedelta(hours=1)
        await office.sweep(None)
    seen = await office.see(office.ids[0])
    assert Counter(item.state for item in seen.items) == {
        ItemState.FAILED: 1,
        ItemState.ERASED: 1,
    }
    assert [hand.code for hand in seen.open_hand] == ["unconfirmable"]


@pytest.mark.parametrize("leads", [frozenset({Category.CONTACTS}), frozenset[Category]()])
async def test_a_card_that_was_made_anew_under_another_name_is_not_told_to_be_gone(
    office: Office, leads: frozenset[Category]
) -> None:
    """By a program that keeps contacts in step, or by two cards being made one; other things just come anew."""
    office.make("crm", "card", 2)
    crm = office.upstreams["crm"]
    crm.leads, crm.known_by = leads, (PHONE,)
    crm.approved.update(office.refs["crm"])
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    told = {(item.state, item.code) for item in seen.items}
    assert told == {(ItemState.FAILED, "still_held") if leads else (ItemState.ERASED, None)}
    assert (seen.request.state is State.CLOSED) is not bool(leads)


@pytest.mark.parametrize("is_another", [True, False])
async def test_what_is_another_thing_by_now_is_not_held_against_a_persons_word(
    office: Office, *, is_another: bool
) -> None:
    """A card that was made somebody else's stays there, and nobody is to delete it to get a request closed."""
    office.make("crm", "card", 1)
    crm = office.upstreams["crm"]
    (held,) = crm.holdings.values()
    held.item = replace(held.item, version="theirs")
    crm.approved.update(office.refs["crm"])
    crm.moods = ["refuse"]
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    if is_another:
        held.item = replace(held.item, version="another's")
    await office.complete(office.ids[0], 0, honest=False)
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    (item,) = seen.items
    assert (item.state, item.code) == (
        (ItemState.DONE_BY_HAND, None) if is_another else (ItemState.FAILED, "still_held")
    )
    assert crm.holds(held.item.ref) is not None
