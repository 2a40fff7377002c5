"""An event on its way to a server that takes it, fails, hangs, or sends elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook
from tests.gateway.receiver import FORMER, SECRET, Receiver, receiving

from avgate_contracts.http.road import Road
from avgate_gateway.notice import Event
from avgate_gateway.rounds import Rounds
from avgate_gateway.store import outbox
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.webhooks.delivering import AT_ONCE

from .house import NOON, SOON, WHO, House, until


async def test_a_server_that_fails_gets_it_again_under_the_same_id(
    house: House, crm: Receiver
) -> None:
    house.now = datetime.now(UTC)
    crm.answers += [500, 200]
    [sent] = await house.write("crm")
    await house.send()
    assert (await house.one(sent)).state is DeliveryState.WAITING
    await house.send(seconds=4)
    assert len(crm.came) == 1, "it was sent before its time"
    await house.send(seconds=3)
    assert [one.id for one in crm.came] == [sent, sent]
    assert [one.verified()["type"] for one in crm.came] == ["request.closed"] * 2
    first, second = (int(one.headers["webhook-timestamp"]) for one in crm.came)
    assert first < second
    assert crm.came[0].body == crm.came[1].body
    assert (await house.one(sent)).state is DeliveryState.DELIVERED
    found = await house.attempts(sent)
    assert [(one.number, one.status, one.word) for one in found] == [
        (1, 500, "answered"),
        (2, 200, "answered"),
    ]
    assert (await house.standing("crm")).failing_since is None


async def test_one_that_hangs_holds_up_nobody_else_and_is_left_after_its_time(
    house: House, crm: Receiver
) -> None:
    house.hook("desk", f"{crm.address}/desk")
    sender = house.sender(seconds=0.3)
    crm.answers += [None] * AT_ONCE
    hanging = await house.write(*["crm"] * (AT_ONCE + 2))
    await sender.sweep()
    await until(lambda: len(crm.came) == AT_ONCE)
    await house.write("desk")
    await sender.sweep()
    await until(lambda: len(crm.came) > AT_ONCE)
    assert [one.path for one in crm.came] == [*["/crm"] * AT_ONCE, "/desk"]
    await sender.idle()
    found = [one for sent in hanging for one in await house.attempts(sent)]
    assert [one.word for one in found] == ["no_answer"] * AT_ONCE
    assert max(one.milliseconds for one in found) < SOON * 1000


async def test_a_redirect_is_a_failure_and_leads_nowhere(house: House, crm: Receiver) -> None:
    async with receiving() as elsewhere:
        crm.answers += [(status, {"location": f"{elsewhere.address}/x"}) for status in (302, 307)]
        [sent] = await house.write("crm")
        await house.send()
        await house.send(seconds=10)
        assert [one.status for one in await house.attempts(sent)] == [302, 307]
        assert (await house.one(sent)).state is DeliveryState.WAITING
        assert elsewhere.came == []


@pytest.mark.parametrize("leads_to", ["10.0.0.5", "169.254.169.254", "127.0.0.1", "::1"])
async def test_a_name_that_leads_into_a_private_network_is_not_called(
    house: House, leads_to: str
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [leads_to]

    async def dial(_address: object, _port: int) -> object:
        raise AssertionError("it was called")

    house.hook("crm", "https://hooks.reseller.nl/crm")
    house.road = Road(resolve, dial)  # type: ignore[arg-type]  # nobody is dialled
    [sent] = await house.write("crm")
    await house.send()
    assert [one.word for one in await house.attempts(sent)] == ["not_allowed"]


async def test_nobody_there_is_told_from_no_answer(house: House) -> None:
    async with receiving() as gone:
        house.hook("crm", f"{gone.address}/crm")
    [sent] = await house.write("crm")
    await house.send()
    assert [(one.status, one.word) for one in await house.attempts(sent)] == [(None, "unreachable")]


async def test_retry_after_is_kept_to_by_all_that_waits_there(house: House, crm: Receiver) -> None:
    crm.answers += [(429, {"retry-after": "600"})]
    [first] = await house.write("crm")
    await house.send()
    [second] = await house.write("crm")
    await house.send(seconds=590)
    assert len(crm.came) == 1
    await house.send(seconds=20)
    assert {one.id for one in crm.came} == {first, second}


@pytest.mark.parametrize("asked", ["-5", "1000000000", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_an_odd_retry_after_stops_nothing_for_ever(
    house: House, crm: Receiver, asked: str
) -> None:
    crm.answers += [(503, {"retry-after": asked})]
    [sent] = await house.write("crm")
    await house.send()
    await house.send(hours=25)
    assert (await house.one(sent)).state is DeliveryState.DELIVERED


async def test_both_secrets_sign_while_the_receiver_changes_over(
    house: House, crm: Receiver
) -> None:
    house.hook("crm", f"{crm.address}/crm", former_secrets=[FORMER])
    house.now = datetime.now(UTC)
    await house.write("crm")
    await house.send()
    [came] = crm.came
    assert came.verified(SECRET) == came.verified(FORMER)
    assert len(came.headers["webhook-signature"].split()) == 2
    moment = datetime.fromtimestamp(int(came.headers["webhook-timestamp"]), UTC)
    [new, _] = came.headers["webhook-signature"].split()
    assert new == Webhook(SECRET).sign(came.id, moment, came.body.decode())


async def test_it_sends_by_itself_once_it_is_started(house: House, crm: Receiver) -> None:
    sender = house.sender()
    rounds = Rounds()
    sender.join(rounds)
    rounds.start()
    written = await house.write(*["crm"] * 9)
    await until(lambda: len(crm.came) == len(written))
    await rounds.stop()
    await sender.stop()
    assert {one.state for one in await house.listed()} == {DeliveryState.DELIVERED}


async def test_nothing_is_read_or_written_where_nobody_wants_to_hear() -> None:
    class Nobody:
        info: Mapping[str, object] = {"avgate.outbox": outbox.Outbox()}

        async def execute(self, *_: object) -> None:
            raise AssertionError("the database was asked")

    class OfNobody:
        controller = WHO

    await outbox.tell(Nobody(), NOON, OfNobody(), Event.CLOSED)  # type: ignore[arg-type]  # nothing is asked of them
