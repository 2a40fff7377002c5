"""Deliveries on a real PostgreSQL: what one process takes, no other does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from avgate_gateway.notice import Event
from avgate_gateway.store import deliveries, endpoints, handovers, outbox, redelivery
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import LEASE, Attempt, DeliveryState, Wanted
from avgate_gateway.store.handovers import Handover, HandoverState, Here
from avgate_gateway.store.migrations import migrate

from .cluster import shared

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CRM = ("libervoice", "crm")


@pytest_asyncio.fixture
async def database() -> AsyncIterator[Database]:
    url = shared().database()
    await asyncio.to_thread(migrate, url)
    made = Database(url)
    rows = [outbox.row(NOON, CRM[0], "webhook", CRM[1], Event.CLOSED, "{}") for _ in range(12)]
    async with made.write() as db:
        await db.execute(outbox.ADD, rows)
    yield made
    await made.close()


async def test_what_one_takes_another_does_not_wait_for_and_does_not_get(
    database: Database,
) -> None:
    async with database.write() as one, database.write() as other:
        mine = await deliveries.claim(one, CRM, NOON, 5)
        async with asyncio.timeout(5):
            theirs = await deliveries.claim(other, CRM, NOON, 5)
    assert (len(mine), len(theirs)) == (5, 5)
    assert not {one.id for one in mine} & {one.id for one in theirs}
    async with database.write() as db:
        assert len(await deliveries.claim(db, CRM, NOON, 5)) == 2
        assert await deliveries.claim(db, CRM, NOON, 5) == []
        assert len(await deliveries.claim(db, CRM, NOON + LEASE, 50)) == 12
        said = Attempt(mine[0].id, 1, NOON, 200, "answered", 3)
        assert not await deliveries.finish(db, mine[0], said, DeliveryState.DELIVERED, None)


async def test_an_endpoint_fails_is_disabled_and_comes_back(database: Database) -> None:
    later = NOON + timedelta(days=6)
    async with database.write() as db:
        assert await endpoints.failed(db, CRM, NOON, None) == NOON
        assert await endpoints.failed(db, CRM, later, later) == NOON
        assert await endpoints.disable(db, CRM, later, "failing")
        assert not await endpoints.disable(db, CRM, later, "failing")
        assert list(await deliveries.waiting(db)) == [CRM]
        await deliveries.hold(db, CRM, later)
        assert await deliveries.waiting(db) == {}
    async with database.read() as db:
        standing = (await endpoints.all_of(db))[CRM]
        assert standing == endpoints.Standing(NOON, later, later, "failing")
        assert (await deliveries.counted(db, CRM[0]))["held"] == 12
        assert await deliveries.oldest(db, CRM[0]) is None
        page = await deliveries.listed(db, Wanted(CRM[0], "held", "crm", None, None, 5))
        after = (page[-1].made_at, page[-1].id)
        rest = await deliveries.listed(db, Wanted(CRM[0], "held", None, None, after, 50))
    assert (len(page), len(rest)) == (5, 7)
    async with database.write() as db:
        assert await endpoints.enable(db, CRM)
        assert await deliveries.let_go(db, CRM, later) == 12
        await endpoints.succeeded(db, CRM)
        assert await deliveries.oldest(db, CRM[0]) == NOON
        [first, *_] = await deliveries.claim(db, CRM, later, 1)
        said = Attempt(first.id, first.attempts, later, 200, "answered", 3)
        assert await deliveries.finish(db, first, said, DeliveryState.DELIVERED, None)
        await deliveries.expire(db, CRM[0], later, NOON)
        assert len(await deliveries.listed(db, Wanted(CRM[0], None, None, None, None, 50))) == 11


async def test_what_failed_is_sent_again_and_what_is_nobodys_is_given_up(
    database: Database,
) -> None:
    async with database.write() as db:
        mine = await deliveries.claim(db, CRM, NOON, 3)
        for one in mine:
            said = Attempt(one.id, 1, NOON, 500, "answered", 3)
            await deliveries.finish(db, one, said, DeliveryState.FAILED, None)
        later = NOON + timedelta(seconds=1)
        assert (await redelivery.resend(db, CRM, (later, ""), NOON)).count == 0
        assert (await redelivery.resend(db, CRM, (NOON, ""), NOON)).count == 3
        assert (await redelivery.resend(db, CRM, (NOON, ""), NOON)).count == 0
        assert await redelivery.controllers(db) == [CRM[0]]
        [sending] = await deliveries.claim(db, CRM, NOON, 1)
        assert await redelivery.give_up(db, CRM, NOON) == 11, "but not what somebody is sending"
        await endpoints.failed(db, CRM, NOON, None)
        await redelivery.forget_endpoints(db, set())
        assert CRM in await endpoints.all_of(db), "something is listed for it"
        await deliveries.expire(db, CRM[0], NOON + LEASE, NOON + LEASE)
        left = await deliveries.listed(db, Wanted(CRM[0], None, None, None, None, 50))
        assert [one.id for one in left] == [sending.id]


async def test_a_sealed_copy_is_taken_by_its_own_machine_and_in_the_end_by_any(
    database: Database,
) -> None:
    here = [Here(name, NOON, NOON - timedelta(hours=6)) for name in ("one", "other")]
    over = NOON + timedelta(days=7)
    made = Handover(
        "h-1", "r-1", CRM[0], "next", HandoverState.WAITING, 1, NOON, over,
        next_attempt_at=NOON - timedelta(minutes=10), size=9, sha256="0" * 64, folder="one",
    )  # fmt: skip
    async with database.write() as db:
        await handovers.add(db, made)
        assert await handovers.due(db, here[0], 4) == ["h-1"]
        assert await handovers.due(db, here[1], 4) == []
        assert await handovers.claim(db, "h-1", "me", here[1], over) is None
        since = NOON - timedelta(minutes=5)
        assert await handovers.mark_elsewhere(db, here[0], since, "why") == 0
        assert await handovers.mark_elsewhere(db, here[1], since, "why") == 1
        assert await handovers.mark_elsewhere(db, here[1], since, "why") == 0
        await handovers.hurry(db, "h-1", NOON)
        late = Here("other", NOON + timedelta(hours=7), NOON + timedelta(hours=1))
        assert await handovers.due(db, late, 4) == ["h-1"]
        assert await handovers.claim(db, "h-1", "me", late, over) is not None
