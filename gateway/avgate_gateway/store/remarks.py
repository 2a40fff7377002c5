"""What staff wrote, sealed, beside what it explains: one text to a place within a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import remark

Place = tuple[str, str]  # a request and a place within it


async def put(db: Connection, request_id: str, place: str, box: bytes) -> None:
    """Writes a text, in place of an earlier one there."""
    here = sa.and_(remark.c.request_id == request_id, remark.c.place == place)
    await db.execute(remark.delete().where(here))
    await db.execute(remark.insert().values(request_id=request_id, place=place, box=box))


async def of_requests(
    db: Connection, request_ids: Collection[str], places: Collection[str] | None = None
) -> Mapping[Place, bytes]:
    """The sealed texts of these requests, at these places or at all."""
    query = sa.select(remark).where(remark.c.request_id.in_(request_ids))
    if places is not None:
        query = query.where(remark.c.place.in_(places))
    rows = await db.execute(query)
    return {(row.request_id, row.place): row.box for row in rows}


async def forget(db: Connection, request_id: str) -> None:
    """Drops what was written about a request."""
    await db.execute(remark.delete().where(remark.c.request_id == request_id))
