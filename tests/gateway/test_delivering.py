"""Deliveries on their way to servers that fail, hang, send elsewhere, or want no more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook

from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_contracts.http.road import Road
from avgate_gateway.notice import Event, Told
from avgate_gateway.rounds import Rounds
from avgate_gateway.settings import ControllerSettings
from avgate_gateway.settings.webhook import WebhookSettings
from avgate_gateway.store import deliveries, endpoints, evidence, outbox, redelivery
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import LEASE, Attempt, Delivery, DeliveryState, Wanted
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.store.migrations import migrate
from avgate_gateway.webhooks.delivering import AT_ONCE, Deliverer
from avgate_gateway.webhooks.outlets import WebhookForm, Webhooks
from avgate_gateway.webhooks.schedule import DELAYS

from .receiver import FORMER, SECRET, Receiver, receiving

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHO = "libervoice"
SOON = 10  # seconds; long before that something has come or never will


@dataclass
class House:
    """A database with endpoints, and those who send for it, in a time that only tests push on."""

    database: Database
    hooks: dict[str, WebhookSettings]
    now: datetime = NOON
    senders: list[Deliverer] = field(default_factory=list)
    road: Road | None = None

    def sender(self, seconds: float = 15.0) -> Deliverer:
        own = ControllerSettings(title="L", retention="libervoice-2019", webhooks=self.hooks)
        self.hooks = dict(own.webhooks)
        runtime = Runtime(
            transport=lambda: Network(road=self.road),
            now=lambda: self.now,
            random=random.Random(7),  # noqa: S311 -- chance that repeats
        )
        self.senders.append(
            Deliverer(self.database, {"webhook": WebhookForm({WHO: own})}, runtime, seconds)
        )
        return self.senders[-1]

    def hook(self, name: str, url: str, **more: object) -> None:
        self.hooks[name] = WebhookSettings.model_validate({"url": url, "secret": SECRET, **more})

    async def write(self, *names: str, event: Event = Event.CLOSED) -> list[str]:
        body = Told(event, self.now, {"request_id": "r-1"}).body()
        rows = [outbox.row(self.now, WHO, "webhook", n, event, body, "r-1") for n in names]
        async with self.database.write() as db:
            await db.execute(outbox.ADD, rows)
        return [row["id"] for row in rows]

    async def send(self, by: Deliverer | None = None, **later: float) -> None:
        """Time passes, and what is due then is sent."""
        self.now += timedelta(**later)
        sender = by or (self.senders or [self.sender()])[0]
        await sender.sweep()
        await sender.idle()

    async def listed(self, state: DeliveryState | None = None) -> list[Delivery]:
        async with self.database.read() as db:
            found = await deliveries.listed(db, Wanted(WHO, state, None, None, None, 500))
        return list(found)

    async def one(self, delivery_id: str) -> Delivery:
        async with self.database.read() as db:
            found = await deliveries.find(db, delivery_id, WHO)
        assert found is not None
        return found

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        async with self.database.read() as db:
            return list((await deliveries.attempts(db, [delivery_id])).get(delivery_id, ()))

    async def standing(self, name: str) -> endpoints.Standing:
        async with self.database.read() as db:
            return (await endpoints.all_of(db)).get((WHO, name), endpoints.Standing())

    async def told(self) -> list[str]:
        async with self.database.read() as db:
            return [entry.event for entry in await evidence.entries(db)]


@pytest_asyncio.fixture
async def crm() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def house(tmp_path: Path, crm: Receiver) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    database = Database(url)
    made = House(database, {})
    made.hook("crm", f"{crm.address}/crm")
    database.outbox.add(WHO, Webhooks(made.hooks))
    yield made
    crm.goes.set()
    for sender in made.senders:
        await sender.stop()
    await database.close()


async def until(told: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON):
        while not told():  # noqa: ASYNC110 -- a server in another task
            await asyncio.sleep(0.01)


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


async def test_a_delivery_that_is_on_its_way_is_not_replayed(house: House) -> None:
    [sent] = await house.write("crm")
    async with house.database.write() as db:
        await deliveries.claim(db, (WHO, "crm"), house.now, 1)
        assert not await deliveries.replay(db, sent, house.now)


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
