"""Fetches the lists of processors that providers publish, and keeps what changed with its date."""

from __future__ import annotations

from structlog.contextvars import bound_contextvars

from avgate_contracts.connector import SupportsRegister
from avgate_contracts.errors import ConnectorError
from avgate_contracts.register import PublishedList
from avgate_gateway.flow.context import Context
from avgate_gateway.register import merge
from avgate_gateway.store import evidence, processors
from avgate_gateway.store.advisory_lock import lock_by_name


async def refresh(context: Context) -> None:
    """Asks every connector that knows such lists.

    A provider that cannot answer keeps its list as it was: the next round asks again.
    """
    for controller, desk in context.desks.items():
        for name, connector in desk.connectors.items():
            is_paused = name in context.paused(controller)
            if isinstance(connector, SupportsRegister) and not is_paused:
                with bound_contextvars(controller=controller, connector=name):
                    await _refresh_one(context, controller, connector)


async def _refresh_one(context: Context, controller: str, connector: SupportsRegister) -> None:
    async with context.database.read() as db:
        known = await processors.etags(db, controller)
    try:
        lists = await connector.published(known)
    except ConnectorError:
        return
    for published in lists:
        await _keep(context, controller, published)


async def _keep(context: Context, controller: str, published: PublishedList) -> None:
    now = context.now()
    async with context.database.write() as db:
        await lock_by_name(db, "register")  # every process asks, and the first tells the others
        known = await processors.entries(db, controller)
        changes = merge(known, published, now, controller=controller)
        for change in changes:
            await processors.put(db, change.entry)
        await processors.fetched(db, controller, published.provider, published.etag, now)
        if changes:
            await evidence.append(
                db, now, controller, None, "register.changed",
                {"provider": published.provider, "changes": len(changes)},
            )  # fmt: skip
