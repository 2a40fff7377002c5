"""Clients and tokens that are believed no more, though what they hold has not run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store import evidence
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import metadata

CLIENT, TOKEN = "client", "token"
Listed = Sequence[tuple[str, str, datetime]]
refused = sa.Table(
    "refused",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),  # client or token
    sa.Column("name", sa.String(200), primary_key=True),  # its id, as tokens name it
    sa.Column("at", Moment, nullable=False),
)


async def refuse(db: Connection, kind: str, name: str, now: datetime) -> None:
    """Refuses it from now on, which becomes evidence; what is refused already stays refused since then."""
    if (kind, name) not in {(row[0], row[1]) for row in await listed(db)}:
        await db.execute(refused.insert().values(kind=kind, name=name, at=now))
        await _tell(db, now, "access.revoked", kind, name)


async def lift(db: Connection, kind: str, name: str, now: datetime) -> bool:
    """Believes it again, which becomes evidence; False where it was not refused."""
    here = sa.and_(refused.c.kind == kind, refused.c.name == name)
    found = await db.execute(refused.delete().where(here))
    if found.rowcount:
        await _tell(db, now, "access.restored", kind, name)
    return bool(found.rowcount)


async def _tell(db: Connection, now: datetime, event: str, kind: str, name: str) -> None:
    told = {"kind": kind, "name": name}
    await evidence.append(db, now, evidence.WHOLE_GATEWAY, None, event, told)


async def listed(db: Connection) -> Listed:
    """Kind, name and since when, the oldest first."""
    found = await db.execute(
        refused.select().order_by(refused.c.at, refused.c.kind, refused.c.name)
    )
    return [(row.kind, row.name, row.at) for row in found]
