"""Checkpoints of the evidence, and the roots of complete runs of its leaves, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.evidence_schema import checkpoint, evidence, evidence_tile


@dataclass(frozen=True, slots=True)
class Row:
    """A checkpoint: the signed note is what counts, the rest is there to find it by."""

    size: int
    at: datetime
    note: str


async def newest(db: Connection) -> Row | None:
    found = (await db.execute(_NEWEST)).first()
    return Row(*found) if found else None


async def all_of_them(db: Connection) -> Sequence[Row]:
    """Oldest first."""
    return [Row(*row) for row in await db.execute(_ALL)]


async def add(db: Connection, row: Row) -> None:
    await db.execute(checkpoint.insert(), {"size": row.size, "at": row.at, "note": row.note})


async def tiles(db: Connection) -> Sequence[bytes]:
    """The roots of all complete runs, from the first on."""
    return list((await db.execute(_TILES)).scalars())


async def add_tiles(db: Connection, first: int, roots: Sequence[bytes]) -> None:
    if roots:
        rows = [{"number": first + place, "root": one} for place, one in enumerate(roots)]
        await db.execute(evidence_tile.insert(), rows)


async def digests(db: Connection, after: int, until: int) -> Sequence[str]:
    """The digests of the entries after one, up to and with another."""
    found = await db.execute(_DIGESTS, {"after": after, "until": until})
    return list(found.scalars())


async def length(db: Connection) -> int:
    """The number of the last entry; nought where there is none."""
    return (await db.execute(_LENGTH)).scalar_one() or 0


_COLUMNS = (checkpoint.c.size, checkpoint.c.at, checkpoint.c.note)
_NEWEST = sa.select(*_COLUMNS).order_by(checkpoint.c.size.desc()).limit(1)
_ALL = sa.select(*_COLUMNS).order_by(checkpoint.c.size)
_TILES = sa.select(evidence_tile.c.root).order_by(evidence_tile.c.number)
_LENGTH = sa.select(sa.func.max(evidence.c.sequence))
_DIGESTS = (
    sa.select(evidence.c.digest)
    .where(
        evidence.c.sequence > sa.bindparam("after"), evidence.c.sequence <= sa.bindparam("until")
    )
    .order_by(evidence.c.sequence)
)
