"""One process at a time, on PostgreSQL; on SQLite every writer is alone anyway."""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection

_LOCK = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name"), sa.literal(0)))
)


async def lock_by_name(db: Connection, name: str) -> None:
    """Waits until no other transaction holds the lock of this name, and holds it until ours ends."""
    if db.dialect.name == "postgresql":
        await db.execute(_LOCK, {"name": name})
