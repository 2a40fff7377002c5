"""By which identifiers staff find requests again: blind indexes, for as long as the subject's key lasts."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import known_by

_ADD = known_by.insert()
_FORGET = known_by.delete().where(known_by.c.request_id == sa.bindparam("of_request"))


async def add(db: Connection, request_id: str, digests: Collection[str]) -> None:
    if digests:
        await db.execute(_ADD, [{"digest": d, "request_id": request_id} for d in sorted(digests)])


async def requests_of(db: Connection, digests: Collection[str]) -> set[str]:
    """The ids of requests that were made with any of these."""
    query = sa.select(known_by.c.request_id).where(known_by.c.digest.in_(list(digests)))
    return {row[0] for row in await db.execute(query.limit(500))}


async def forget(db: Connection, request_id: str) -> None:
    await db.execute(_FORGET, {"of_request": request_id})
