"""What was given up is sent again when somebody says so, and only then."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.gateway.receiver import Receiver

from avgate_gateway.store import deliveries, redelivery
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.webhooks.schedule import DELAYS

from .house import NOON, WHO, House


async def test_it_is_given_up_after_the_last_try_and_replayed_when_somebody_says_so(
    house: House, crm: Receiver
) -> None:
    crm.answers += [500] * len(DELAYS)
    [sent] = await house.write("crm")
    await house.send()
    while (next_at := (await house.one(sent)).next_at) is not None:
        house.now = next_at
        await house.send()
    assert (await house.one(sent)).state is DeliveryState.FAILED
    assert len(crm.came) == len(DELAYS)
    assert timedelta(days=3) < house.now - NOON < timedelta(days=4)
    async with house.database.write() as db:
        assert await deliveries.replay(db, sent, house.now)
    crm.answers += [500]
    await house.send()
    assert (await house.one(sent)).state is DeliveryState.WAITING, "it has all its tries again"
    await house.send(seconds=7)
    assert (await house.one(sent)).state is DeliveryState.DELIVERED
    assert [one.number for one in await house.attempts(sent)] == list(range(1, 13))
    assert {one.id for one in crm.came} == {sent}


async def test_a_delivery_that_is_on_its_way_is_not_replayed(house: House) -> None:
    [sent] = await house.write("crm")
    async with house.database.write() as db:
        await deliveries.claim(db, (WHO, "crm"), house.now, 1)
        assert not await deliveries.replay(db, sent, house.now)


async def test_all_that_failed_at_an_endpoint_since_a_moment_is_sent_again_once(
    house: House, crm: Receiver
) -> None:
    house.hook("desk", f"{crm.address}/desk")
    written = []
    for name in ("crm", "crm", "desk", "crm"):
        house.now += timedelta(hours=1)
        written += await house.write(name)
    async with house.database.write() as db:
        await db.execute(delivery.update().values(state="failed", next_at=None))
    second = (await house.one(written[1])).made_at
    assert await resend(house, second) == 2
    assert await resend(house, second) == 0, "what waits is not set going again"
    await house.send()
    assert sorted(one.id for one in crm.came) == sorted([written[1], written[3]])
    assert (await house.one(written[0])).state is DeliveryState.FAILED
    assert (await house.one(written[2])).state is DeliveryState.FAILED, "another endpoint"


async def resend(house: House, since: datetime) -> int:
    async with house.database.write() as db:
        return (await redelivery.resend(db, (WHO, "crm"), (since, ""), house.now)).count
