"""Several who send from one database: each event goes out once, whoever dies or freezes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from tests.gateway.receiver import Receiver

from avgate_gateway.notice import Event
from avgate_gateway.store import deliveries, outbox
from avgate_gateway.store.deliveries import LEASE, Attempt, DeliveryState

from .house import WHO, House, until


async def test_whoever_dies_between_the_claim_and_the_answer_leaves_it_to_the_next(
    house: House, crm: Receiver
) -> None:
    crm.answers += [None]
    [sent] = await house.write("crm")
    dies = house.sender()
    await dies.sweep()
    await until(lambda: crm.came)
    for task in list(dies._sending):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    other = house.sender()
    await house.send(other)
    assert len(crm.came) == 1, "it was taken while the claim of the other ran"
    await house.send(other, seconds=LEASE.total_seconds() + 1)
    assert [one.id for one in crm.came] == [sent, sent]
    assert (await house.one(sent)).state is DeliveryState.DELIVERED
    assert [one.number for one in await house.attempts(sent)] == [2]


async def test_what_is_undone_is_not_sent_and_what_is_committed_is_by_whoever_comes(
    house: House, crm: Receiver
) -> None:
    async def cut_short() -> None:
        async with house.database.write() as db:
            row = outbox.row(house.now, WHO, "webhook", "crm", Event.CLOSED, "{}", "r-1")
            await db.execute(outbox.ADD, [row])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await cut_short()
    [sent] = await house.write("crm")
    await house.send(house.sender())
    assert [one.id for one in crm.came] == [sent]


async def test_two_who_send_at_once_send_each_once(house: House, crm: Receiver) -> None:
    written = await house.write(*["crm"] * 20)
    both = house.sender(), house.sender()
    for _ in range(6):
        await asyncio.gather(*(sender.sweep() for sender in both))
        await asyncio.gather(*(sender.idle() for sender in both))
    assert sorted(one.id for one in crm.came) == sorted(written)
    counts = [sender.attempts[WHO, "delivered"] for sender in both]
    assert sum(counts) == 20
    assert min(counts) > 0


async def test_one_who_froze_over_its_claim_changes_nothing_of_what_came_after(
    house: House, crm: Receiver
) -> None:
    [sent] = await house.write("crm")
    async with house.database.write() as db:
        [mine] = await deliveries.claim(db, (WHO, "crm"), house.now, 1)
    await house.send(seconds=LEASE.total_seconds() + 1)
    late = Attempt(sent, mine.attempts, house.now, 500, "answered", 1)
    async with house.database.write() as db:
        assert not await deliveries.finish(db, mine, late, DeliveryState.WAITING, house.now)
    assert (await house.one(sent)).state is DeliveryState.DELIVERED
