"""A plan of more items than one transaction should write: it is there as a whole, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import sqlalchemy as sa

from avgate_contracts.record import ItemRef
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.flow import later
from avgate_gateway.flow.advance import advance
from avgate_gateway.flow.context import Part
from avgate_gateway.request import State
from avgate_gateway.store import item_steps, items, requests, tasks
from avgate_gateway.store.item import Found, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.store.tasks import Stage
from avgate_gateway.vault import RETENTION_KEY

from .mortal import DeathError
from .office import MAIL, PHONE, Office, opened

MANY = 12_000


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        made.make("crm", "card", 2)
        made.make("orders", "card", 1)
        await made.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
        yield made


async def test_no_transaction_writes_all_of_it(office: Office) -> None:
    [request_id] = office.ids
    key = (await office.see(request_id)).sealed.retention_key
    box = office.context.vault.box(key, request_id, RETENTION_KEY)
    card = ItemRef("card", Category.CONTACTS, Product.VOICE)
    async with office.db.write() as db:
        found = (Found(f"{number:064d}", card) for number in range(MANY))
        await items.add(db, request_id, "crm", found, box)
        held = await items.select(db, request_id, limit=MANY)
    before = office.db.writes
    rows = [{"id": one.id, "action": "erase"} for one in held]
    rest = await item_steps.written_ahead(office.db, rows)
    assert (office.db.writes - before, len(rest)) == (2, 5_000)
    assert await item_steps.written_ahead(office.db, rest) == rest
    async with office.db.read() as db:
        held = await items.select(db, request_id, limit=MANY)
    assert [one.action for one in held] == ["erase"] * 7_000 + [None] * 5_000


async def test_what_was_cut_short_is_written_anew(office: Office) -> None:
    [request_id] = office.ids
    await office.sweep(3)  # each system has looked
    async with office.db.write() as db:
        first, *_ = await items.select(db, request_id, connector="crm")
        await items.change(db, [first.id], action="retain", warrant=b"of no plan")
    await office.sweep(None)
    await office.decide(request_id, "approve")
    await office.sweep(None)
    seen = await office.see(request_id)
    assert {item.state for item in seen.items} == {ItemState.ERASED}
    assert seen.request.state is State.CLOSED


async def test_verdicts_of_a_system_that_looks_anew_are_not_let_go(office: Office) -> None:
    [request_id] = office.ids
    await office.sweep(None)
    async with office.db.write() as db:
        await tasks.move(db, request_id, "crm", Stage.LOCATE, office.now)
        await item_steps.release(db, request_id)
    states = {(i.connector, i.state) for i in (await office.see(request_id)).items}
    assert states == {("crm", ItemState.LOCATED), ("orders", ItemState.APPROVED)}


async def test_a_plan_of_many_is_written_so(office: Office) -> None:
    [request_id] = office.ids
    office.make("crm", "card", 5_200)
    office.upstreams["orders"].troubles = ["down"]  # so that the first look is all that there is
    await advance(office.context, request_id)
    office.now += timedelta(minutes=1)
    written: list[tuple[str | None, str | None]] = []
    for dies_after in range(12):
        with suppress(DeathError, BaseExceptionGroup):
            office.db.dies_after = dies_after
            await advance(office.context, request_id)
        await office.reboot()
        async with office.db.read() as db:
            [first] = await items.select(db, request_id, connector="crm", limit=1)
            found = await requests.find(db, request_id)
        assert found is not None
        written.append((first.action, found.plan_digest))
        if first.action is not None:
            break
    assert written[-1] == ("erase", None)


async def test_all_that_is_gone_is_looked_for_again(office: Office) -> None:
    [request_id] = office.ids
    seen = await office.see(request_id)
    box = office.context.vault.box(seen.sealed.retention_key, request_id, RETENTION_KEY)
    card = ItemRef("card", Category.CONTACTS, Product.VOICE)
    part = cast("Part", SimpleNamespace(request=seen.request, name="orders"))
    erased = sa.update(item).where(item.c.request_id == request_id).values(state="erased")
    async with office.db.write() as db:
        found = (Found(f"{number:064d}", card) for number in range(MANY))
        await items.add(db, request_id, "orders", found, box)
        await db.execute(erased)
        await later.schedule_looks(db, part, office.now)
        held = await items.select(db, request_id, connector="orders", limit=MANY)
    assert {one.look_at for one in held} == {office.now + timedelta(minutes=1)}
