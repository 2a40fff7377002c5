"""Deliveries that are over go in their time, and what waits never."""

from __future__ import annotations

from datetime import timedelta

from tests.gateway.receiver import Receiver

from avgate_gateway.store import deliveries
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.store.delivery_schema import delivery

from .house import House


async def test_what_was_delivered_goes_after_a_month_and_what_waits_never(
    house: House, crm: Receiver
) -> None:
    [sent] = await house.write("crm")
    await house.send()
    [failed] = await house.write("former")
    house.now += timedelta(days=31)
    [waits] = await house.write("crm")
    await house.senders[0].tidy()
    assert {one.id for one in await house.listed()} == {failed, waits}
    assert await house.attempts(sent) == []
    house.now += timedelta(days=200)
    await house.senders[0].tidy()
    assert {one.id for one in await house.listed()} == {waits}


async def test_all_that_is_old_goes_at_once_however_much_it_is(house: House) -> None:
    """A few thousand deliveries an hour are written, and what goes in an hour must not be less."""
    old = await house.write(*["crm"] * 1_001)
    async with house.database.write() as db:
        await db.execute(delivery.update().values(state="delivered", next_at=None))
    left = await house.write(*["former"] * 501)
    house.now += timedelta(days=31)
    await house.sender().tidy()
    found = await house.listed()
    assert len(old) == 1_001
    assert {one.id for one in found} <= {*left}
    assert {one.state for one in found} == {DeliveryState.FAILED}
    async with house.database.read() as db:
        assert await deliveries.waiting(db) == {}
