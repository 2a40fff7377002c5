"""An end in order while the database is silent: nobody waits for an answer to each good-bye."""

from __future__ import annotations

import asyncio
import gc

import asyncpg
import sqlalchemy as sa

from avgate_gateway.store.database import Database

from .cluster import shared
from .proxy import Proxy


def connections() -> set[asyncpg.Connection]:
    """All in this process that are open."""
    found = [one for one in gc.get_objects() if type(one) is asyncpg.Connection]
    return {one for one in found if not one.is_closed()}


async def test_connections_that_are_not_answered_any_more_are_given_up_together() -> None:
    """It was 20 seconds for each of 18, and what was left went to the collector, in the midst of something else."""
    others = connections()
    proxy = Proxy(shared().port)
    database = Database(shared().url().replace(f":{shared().port}/", f":{proxy.port}/"))
    try:
        for door in (database.read, database.write):
            async with door() as db:
                await db.execute(sa.text("SELECT 1"))
        proxy.go_dead()
        assert connections() - others
        async with asyncio.timeout(15):
            await database.close()
        assert not connections() - others
    finally:
        proxy.end()
