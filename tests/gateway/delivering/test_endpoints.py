"""Endpoints that are disabled, let go again, or that the settings name no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from tests.gateway.receiver import Receiver

from avgate_contracts.http import Runtime
from avgate_gateway.notice import Event, Told
from avgate_gateway.store import deliveries, endpoints, outbox
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.webhooks.delivering import Deliverer
from avgate_gateway.webhooks.outlets import Webhooks

from .house import NOON, WHO, House


@dataclass
class Overtaken:
    """A database to which somebody else writes first."""

    database: Database
    first: Callable[[], Awaitable[object]]

    @property
    def outbox(self) -> outbox.Outbox:
        return self.database.outbox

    def read(self) -> AbstractAsyncContextManager[Connection]:
        return self.database.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        await self.first()
        async with self.database.write() as db:
            yield db


async def test_what_is_let_go_while_a_sender_looks_is_not_held_for_good(house: House) -> None:
    [message], place = await house.write("crm"), (WHO, "crm")
    async with house.database.write() as db:
        await endpoints.failed(db, place, house.now, None)
        await endpoints.disable(db, place, house.now, "gone")

    async def enable() -> None:
        async with house.database.write() as db:
            await endpoints.enable(db, place)
            await deliveries.let_go(db, place, house.now)

    sender = house.sender()
    late = Deliverer(cast("Database", Overtaken(house.database, enable)), {}, Runtime())
    await late.sweep()
    assert (await house.one(message)).state is DeliveryState.WAITING
    await house.send(sender)
    assert (await house.one(message)).state is DeliveryState.DELIVERED


async def test_who_answers_gone_is_sent_nothing_more_until_somebody_enables_it(
    house: House, crm: Receiver
) -> None:
    house.hook("desk", f"{crm.address}/desk")
    crm.answers += [410]
    [sent] = await house.write("crm")
    await house.send()
    standing = await house.standing("crm")
    assert (standing.disabled_at, standing.reason) == (house.now, "gone")
    assert (await house.one(sent)).state is DeliveryState.HELD
    assert await house.told() == ["webhook.disabled"]

    [later, other] = await house.write("crm", "desk")
    await house.send(days=1)
    assert [one.path for one in crm.came] == ["/crm", "/desk"]
    assert (await house.one(later)).state is DeliveryState.HELD

    async with house.database.write() as db:
        assert await endpoints.enable(db, (WHO, "crm"))
        assert await deliveries.let_go(db, (WHO, "crm"), house.now) == 2
    await house.send()
    states = {(await house.one(name)).state for name in (sent, later, other)}
    assert states == {DeliveryState.DELIVERED}
    assert {one.id for one in crm.came} == {sent, later, other}


async def test_what_fails_for_five_days_is_disabled_with_the_reason(
    house: House, crm: Receiver
) -> None:
    crm.answers += [500] * 50
    for _ in range(5):
        await house.write("crm")
        await house.send(hours=23)
    assert (await house.standing("crm")).disabled_at is None
    await house.write("crm")
    await house.send(hours=30)
    assert (await house.standing("crm")).reason == "failing"
    await house.send()
    assert {one.state for one in await house.listed()} == {DeliveryState.HELD}


async def test_an_endpoint_that_the_settings_name_no_more_is_given_up_and_kept(
    house: House, crm: Receiver
) -> None:
    [sent] = await house.write("former")
    await house.send()
    await house.senders[0].tidy()
    assert (await house.one(sent)).state is DeliveryState.WAITING, "somebody else may know it"
    house.now += timedelta(hours=1)
    await house.senders[0].tidy()
    assert (await house.one(sent)).state is DeliveryState.FAILED
    assert crm.came == []


async def test_what_only_a_process_with_newer_settings_knows_whom_to_send_is_left_to_it(
    house: House, crm: Receiver, tmp_path: Path
) -> None:
    """Settings change in one process after the other, and an event is lost in none of them."""
    before = House(Database(f"sqlite:///{tmp_path / 'a.db'}"), dict(house.hooks))
    before.database.outbox.add(WHO, Webhooks(before.hooks))
    house.hook("desk", f"{crm.address}/desk")
    [sent] = await house.write("desk")
    await before.send()
    await before.senders[0].tidy()
    assert (await house.one(sent)).state is DeliveryState.WAITING
    async with house.database.write() as db:  # as its receiver asked
        await endpoints.failed(db, (WHO, "desk"), NOON, NOON + timedelta(hours=5))
    before.now = house.now = NOON + timedelta(hours=5, minutes=30)
    await before.senders[0].tidy()
    await house.send()
    assert [one.id for one in crm.came] == [sent]
    await before.senders[0].stop()
    await before.database.close()


async def test_what_belongs_to_no_endpoint_any_more_is_given_up_and_goes_in_its_time(
    house: House, crm: Receiver
) -> None:
    """A controller that left the settings is nobody's to send for, and would wait for ever."""
    house.hook("desk", f"{crm.address}/desk")
    sender = house.sender()
    body = Told(Event.CLOSED, house.now, {"request_id": "r-1"}).body()
    left = outbox.row(house.now, "left", "webhook", "crm", Event.CLOSED, body, "r-1")
    [stays] = await house.write("crm")
    async with house.database.write() as db:
        await db.execute(outbox.ADD, [left])
        for place in (("left", "crm"), (WHO, "former"), (WHO, "desk")):
            await endpoints.failed(db, place, house.now, None)
    house.now += timedelta(hours=2)
    await sender.tidy()
    async with house.database.read() as db:
        found = await deliveries.find(db, left["id"], "left")
        assert found is not None
        assert (found.state, found.next_at) == (DeliveryState.FAILED, None)
        assert set(await endpoints.all_of(db)) == {("left", "crm"), (WHO, "desk")}
    house.now += timedelta(days=181)
    await sender.tidy()
    async with house.database.read() as db:
        assert await deliveries.find(db, left["id"], "left") is None
        assert set(await endpoints.all_of(db)) == {(WHO, "desk")}
    assert (await house.one(stays)).state is DeliveryState.WAITING
    assert crm.came == []
