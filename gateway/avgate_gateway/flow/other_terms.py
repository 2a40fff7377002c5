"""Has looked at what is kept by terms that are others by now: a pack was put right, or the config names another.

What is kept sleeps until the day on which its term ended by the pack of that time. A longer term would be
noticed on that day; a shorter one never before it. What is kept while a service runs is looked at daily.
"""

from __future__ import annotations

import asyncio

from avgate_gateway.flow.context import Context
from avgate_gateway.retention import Action, decide
from avgate_gateway.store import kept, requests
from avgate_gateway.store.item import KEPT_BY_PERSON
from avgate_gateway.store.kept import Kept

# Rows of the table, kept or not: few at a time, so that nobody who calls waits for a turn of this.
_STRETCH = 500
_REST = 49  # times as long as a stretch takes: callers come first, and nothing of this is urgent


async def look_for(context: Context) -> None:
    """Compares every kept item with the packs in force, by what is known of it; asks no system."""
    async with context.database.read() as db:
        last = await kept.last(db)
    clock = asyncio.get_running_loop().time
    for after in range(0, last, _STRETCH):
        began = clock()
        async with context.database.read() as db:
            found = await kept.between(db, after, after + _STRETCH)
        await _wake(context, [one for one in found if _differs(context, one)])
        await asyncio.sleep(_REST * (clock() - began))


async def _wake(context: Context, rows: list[Kept]) -> None:
    if not rows:
        return
    now = context.now()
    async with context.database.write() as db:
        await kept.look_now(db, [row.id for row in rows], now)
        for request_id in sorted({row.request_id for row in rows}):
            await requests.wake(db, request_id, now)


def _differs(context: Context, one: Kept) -> bool:
    if one.code == KEPT_BY_PERSON:  # not by a term
        return False
    desk, now = context.desks.get(one.controller), context.now()
    connector = desk.connectors.get(one.connector) if desk else None
    if desk is None or connector is None or (one.look_at is not None and one.look_at <= now):
        return False
    is_bound = one.item.category in connector.manifest.after_service
    verdict = decide(one.item, desk.pack, now, after_service=is_bound)
    return verdict.action is not Action.RETAIN or verdict.until != one.until
