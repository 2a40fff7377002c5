"""What people decide while the gateway is in the middle of a call to an upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.request import State
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

    async def give_the_other() -> None:
        tasks = (await office.see(request_id)).open_hand
        assert [task.id for task in tasks] == [second.id]
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
