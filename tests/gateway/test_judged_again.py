"""What a plan left to a person: tried again, it is judged by what they found out, and never sent unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import ItemState

from .office import MAIL, PHONE, Office, opened
from .seen import Seen


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def planned(office: Office, kind: str, *, said_to_be_done: bool = False) -> None:
    """An erasure of one such thing, which waits for a person."""
    office.make("crm", kind, 1)
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    await office.decide(office.ids[0], "approve")
    await office.sweep(None)
    if said_to_be_done:
        await office.complete(office.ids[0], 0, honest=False)
        await office.sweep(None)
    assert (await now(office)).request.waiting_for is WaitingFor.PERSON


async def now(office: Office) -> Seen:
    return await office.see(office.ids[0])


async def tried_again(office: Office) -> Seen:
    await office.decide(office.ids[0], "retry all")
    await office.sweep(None)
    return await now(office)


def ended(office: Office, *, days_ago: int) -> None:
    """Somebody puts into crm since when the term runs."""
    [held] = office.upstreams["crm"].of_subject()
    held.item = replace(held.item, term_starts=office.now - timedelta(days=days_ago))


def how(seen: Seen) -> tuple[ItemState, str | None, list[str]]:
    [item] = seen.items
    return item.state, item.code, [task.code for task in seen.open_hand]


@pytest.mark.parametrize("kind", ["by hand", "call without a date"])
async def test_what_no_program_may_do_is_not_called_altered(office: Office, kind: str) -> None:
    await planned(office, kind, said_to_be_done=True)
    assert how(await now(office)) == (ItemState.FAILED, "still_held", ["still_held"])
    state, code, tasks = how(await tried_again(office))
    assert state in {ItemState.FAILED, ItemState.BY_HAND}
    assert code in {"still_held", "term_unknown"}
    assert tasks == [code]


@pytest.mark.parametrize("said_to_be_done", [False, True])
async def test_what_is_found_to_have_a_term_is_kept_and_goes_when_it_ends(
    office: Office, said_to_be_done: bool
) -> None:
    await planned(office, "call without a date", said_to_be_done=said_to_be_done)
    ended(office, days_ago=30)
    seen = await tried_again(office)
    assert how(seen) == (ItemState.RETAINED, "disputes", [])
    assert seen.request.state is State.CLOSED
    office.upstreams["crm"].approved.update(office.refs["crm"])
    office.now += timedelta(days=200)
    await office.sweep(None)
    assert how(await now(office)) == (ItemState.ERASED, None, [])
    await office.check_upstreams()


async def test_what_is_found_to_be_over_is_left_to_the_person_it_was_left_to(
    office: Office,
) -> None:
    await planned(office, "call without a date")
    ended(office, days_ago=400)
    assert how(await tried_again(office)) == (ItemState.BY_HAND, "term_over", ["term_over"])
    assert office.upstreams["crm"].of_subject()
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    assert (await now(office)).request.state is State.CLOSED
    await office.check_upstreams()


async def test_nothing_is_said_of_it_while_nobody_can_look(office: Office) -> None:
    await planned(office, "call without a date")
    ended(office, days_ago=30)
    office.upstreams["crm"].troubles.append("down")
    assert how(await tried_again(office)) == (ItemState.BY_HAND, "term_unknown", ["term_unknown"])
    office.now += timedelta(minutes=5)
    await office.sweep(None)
    assert how(await now(office)) == (ItemState.RETAINED, "disputes", [])
    assert (await now(office)).request.state is State.CLOSED


async def test_a_correction_that_is_left_to_a_person_is_no_matter_of_terms(office: Office) -> None:
    office.make("paper", "customer", 1)
    await office.submit(Operation.RECTIFY, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    before = await now(office)
    assert how(before) == (ItemState.BY_HAND, "unsupported", ["unsupported"])
    after = await tried_again(office)
    assert (after.items, how(after)) == (before.items, how(before))
