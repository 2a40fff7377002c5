"""A receiver of events, and a house that sends to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.gateway.receiver import Receiver, receiving

from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.webhooks.outlets import Webhooks

from .house import WHO, House


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
