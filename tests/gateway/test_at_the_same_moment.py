"""What people decide while the gateway is in the middle of a call to an upstream."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from avgate_contracts.record import Unseen, WhyUnseen
from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.pausing import Pauses
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store import requests, tasks
from avgate_gateway.store.item import ItemState

from .office import MAIL, PHONE, Office, opened
from .seen import Seen


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def erased(office: Office, *what: str, count: int = 1) -> str:
    """An erasure at one upstream, approved and carried out as far as it goes by itself."""
    for kind in what:
        office.make("crm", kind, count)
    crm = office.upstreams["crm"]
    crm.approved.update(office.refs["crm"])
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    [request_id] = office.ids
    return request_id


def states_of(seen: Seen, category: Category) -> set[ItemState]:
    return {item.state for item in seen.items if item.category is category}


async def test_a_word_given_while_another_is_looked_into_is_looked_into_as_well(
    office: Office,
) -> None:
    request_id = await erased(office, "by hand", "call without a date")
    first, second = (await office.see(request_id)).open_hand
    assert first.category is not None
    assert second.category is not None

    async def give_the_other() -> None:
        left = (await office.see(request_id)).open_hand
        assert [task.id for task in left] == [second.id]
        await office.complete(request_id, 0, honest=False)

    await office.complete(request_id, 0, honest=True)
    office.upstreams["crm"].meanwhile.append(give_the_other)
    await office.sweep(None)
    seen = await office.see(request_id)
    assert states_of(seen, Category(first.category)) == {ItemState.DONE_BY_HAND}
    assert states_of(seen, Category(second.category)) == {ItemState.FAILED}  # it is still there
    assert [(task.category, task.code) for task in seen.open_hand] == [
        (second.category, "still_held")
    ]
    assert seen.request.state is not State.CLOSED


async def test_a_pause_holds_up_what_is_not_sent_yet(office: Office) -> None:
    pauses = office.pauses = Pauses(office.db, office.clock)
    crm = office.upstreams["crm"]
    office.make("crm", "card", 250)
    crm.approved.update(office.refs["crm"])
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    [request_id] = office.ids
    await office.decide(request_id, "approve")
    crm.meanwhile.append(partial(pauses.pause, "c", "crm", "chief", "it does harm"))
    await office.sweep(None)
    assert len(crm.bodies) == 1  # which was being sent
    assert len(crm.holdings) == 150
    seen = await office.see(request_id)
    assert (seen.request.state, seen.request.waiting_for) == (
        State.WAITING,
        WaitingFor.UPSTREAM,
    )
    await pauses.resume("c", "crm", "chief")
    await office.sweep(None)
    assert crm.holdings == {}
    assert (await office.see(request_id)).request.state is State.CLOSED


async def test_a_pause_holds_up_questions_that_are_not_asked_yet(office: Office) -> None:
    pauses = office.pauses = Pauses(office.db, office.clock)
    crm = office.upstreams["crm"]
    crm.moods = ["pending"]  # a job for each item
    request_id = await erased(office, "card", count=3)
    office.now += timedelta(hours=11)
    crm.meanwhile.append(partial(pauses.pause, "c", "crm", "chief", "it does harm"))
    await office.sweep(None)
    states = Counter(item.state for item in (await office.see(request_id)).items)
    assert states == {ItemState.ERASED: 1, ItemState.PENDING: 2}


async def test_a_pause_holds_up_looks_at_what_is_kept(office: Office) -> None:
    pauses = office.pauses = Pauses(office.db, office.clock)
    request_id = await erased(office, "customer", count=501)
    office.now += timedelta(days=2)
    crm = office.upstreams["crm"]
    crm.meanwhile.append(partial(pauses.pause, "c", "crm", "chief", "it does harm"))
    await office.sweep(None)
    looks = [item.look_at for item in (await office.see(request_id)).items]
    assert sum(at is not None and at <= office.now for at in looks) == 1  # of the second page


async def test_what_is_set_going_while_a_look_is_refused_is_carried_out(office: Office) -> None:
    """Else the part is stuck in looking, and a person who has that tried again ends it unexecuted."""
    crm = office.upstreams["crm"]
    crm.moods = ["fail"]
    office.make("crm", "card", 1)
    request_id = await erased(office, "customer")
    office.now += timedelta(days=2)  # what is kept is looked at again
    crm.meanwhile.append(partial(office.decide, request_id, "retry crm"))
    crm.troubles = ["no"]
    await office.sweep(None)
    office.now += timedelta(minutes=1)
    await office.sweep(None)
    seen = await office.see(request_id)
    assert states_of(seen, Category.CONTACTS) == {ItemState.ERASED}
    assert [one.code for one in seen.open_hand] == []


async def called_back(office: Office, request_id: str) -> None:
    """What the route of callbacks writes, a second later."""
    office.now += timedelta(seconds=1)
    async with office.db.write() as db:
        await tasks.ask_now(db, request_id, "crm", office.now)
        await requests.wake(db, request_id, office.now)


async def test_a_call_that_is_quicker_than_the_answer_is_heeded(office: Office) -> None:
    crm = office.upstreams["crm"]
    office.make("crm", "card", 1)
    crm.approved.update(office.refs["crm"])
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    [request_id] = office.ids
    await office.decide(request_id, "approve")
    crm.moods = ["pending"]
    crm.meanwhile.append(partial(called_back, office, request_id))
    await office.sweep(None)
    assert states_of(await office.see(request_id), Category.CONTACTS) == {ItemState.ERASED}


async def test_a_call_that_comes_while_it_is_asked_is_heeded(office: Office) -> None:
    crm = office.upstreams["crm"]
    crm.moods = ["pending"]
    request_id = await erased(office, "card")
    office.now += timedelta(minutes=5)
    crm.answers = ["pending", "done"]
    crm.meanwhile.append(partial(called_back, office, request_id))
    await office.sweep(None)
    office.now += timedelta(seconds=1)
    await office.sweep(None)
    assert crm.answers == []
    assert states_of(await office.see(request_id), Category.CONTACTS) == {ItemState.ERASED}


async def test_whoever_sees_to_a_part_makes_no_second_task_of_what_is_stuck(office: Office) -> None:
    crm = office.upstreams["crm"]
    crm.unseen = [Unseen("archive", WhyUnseen.NO_INTERFACE)]
    request_id = await erased(office, "call")
    office.now += timedelta(days=400)  # until when it is kept
    for _ in range(14):
        crm.moods = ["down"]
        await office.sweep(None)
        office.now += timedelta(days=1)
    left = (await office.see(request_id)).open_hand
    assert [task.code for task in left] == ["no_interface", "unavailable"]
    await office.complete(request_id, 0, honest=True)
    await office.sweep(None)
    assert (await office.see(request_id)).open_hand == left[1:]
