"""An end in order while the database is silent: nobody waits for an answer to each good-bye."""

from __future__ import annotations

import asyncio
import gc

import pytest
import sqlalchemy as sa

from avgate_gateway.store.database import Database

from .cluster import shared
from .proxy import Proxy


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what is left to the end of the process
async def test_connections_that_are_not_answered_any_more_are_given_up_together() -> None:
    """It was 20 seconds for each of 18: systemd killed the process after a minute."""
    proxy = Proxy(shared().port)
    database = Database(shared().url().replace(f":{shared().port}/", f":{proxy.port}/"))
    try:
        for door in (database.read, database.write):
            async with door() as db:
                await db.execute(sa.text("SELECT 1"))
        proxy.go_dead()
        async with asyncio.timeout(15):
            await database.close()
    finally:
        proxy.end()
        await asyncio.sleep(0.2)  # for the loop to see that they ended
        del database, db
        gc.collect()  # here, where it is known that some are left, and not in another test
