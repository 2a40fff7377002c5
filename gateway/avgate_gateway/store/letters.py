"""Every version of the letters to a person, sealed; their digests outlive them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import metadata

letter = sa.Table(
    "letter",
    metadata,
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("providers", sa.Boolean, nullable=False),  # whether it names them
    sa.Column("basis", sa.String(64), nullable=False),  # keyed digest of what it says
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),  # of the PDF
    sa.Column("pdf_box", sa.LargeBinary),  # NULL once the subject's key was destroyed
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One version as it is listed; `is_kept` until the key that it is sealed under is destroyed."""

    request_id: str
    version: int
    language: str
    providers: bool
    basis: str
    made_at: datetime
    size: int
    sha256: str
    is_kept: bool = field(default=True)


async def add(db: Connection, made: Letter, box: bytes) -> None:
    """Keeps a version; whoever numbers it holds the request's turn to write."""
    row = {name: getattr(made, name) for name in _NAMES}
    await db.execute(_ADD, {**row, "pdf_box": box})


async def of_request(db: Connection, request_id: str) -> Sequence[Letter]:
    """All versions, the oldest first, without what they say."""
    rows = await db.execute(_OF_REQUEST, {"request_id": request_id})
    return [Letter(*row) for row in rows]


async def box(db: Connection, request_id: str, version: int) -> bytes | None:
    """The sealed PDF of a version; None where there is no such version, or it is forgotten."""
    here = {"request_id": request_id, "version": version}
    found: bytes | None = (await db.execute(_BOX, here)).scalar()
    return found


async def forget(db: Connection, request_id: str) -> None:
    """Drops what the letters of a request say; that they were made, and their digests, stay."""
    await db.execute(_FORGET, {"its_request_id": request_id})


_NAMES = tuple(own.name for own in fields(Letter) if own.name != "is_kept")
_ADD = letter.insert()
_OF_REQUEST = (
    sa.select(*(letter.c[name] for name in _NAMES), letter.c.pdf_box.isnot(None))
    .where(letter.c.request_id == sa.bindparam("request_id"))
    .order_by(letter.c.version)
)
_BOX = sa.select(letter.c.pdf_box).where(
    letter.c.request_id == sa.bindparam("request_id"),
    letter.c.version == sa.bindparam("version"),
)
_FORGET = (
    letter.update()
    .where(letter.c.request_id == sa.bindparam("its_request_id"), letter.c.pdf_box.isnot(None))
    .values(pdf_box=None)
)
