"""Which of our requests a sender's id stands for, and whom to call when it changes."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import RowMapping

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import metadata

table = sa.Table(
    "opendsr_request",
    metadata,
    sa.Column("controller", sa.String(40), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),  # blind index of the sender's id
    sa.Column("request_id", sa.String(36), nullable=False, unique=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),  # keyed digest of what was sent
    sa.Column("naming", sa.String(16), nullable=False),  # of the version it came by
    sa.Column("told", sa.String(16)),  # the status called out last; NULL: there is nobody to call
    sa.Column("box", sa.LargeBinary),  # the sender's id and whom to call, under the subject's key
)


@dataclass(frozen=True, slots=True)
class Known:
    """One request that came by OpenDSR; `digest` is of its sender's id, within the controller."""

    controller: str
    digest: str
    request_id: str
    fingerprint: str
    naming: str
    told: str | None  # the status that was called out last; None where nobody is to be called
    box: bytes | None = field(repr=False)  # None once the subject's key is gone


async def find(db: Connection, controller: str, digest: str) -> Known | None:
    """What a sender's id stands for, if it was used before."""
    row = (await db.execute(_FIND, {"controller": controller, "digest": digest})).mappings().first()
    return _known(row) if row else None


async def of_request(db: Connection, request_id: str) -> Known | None:
    """What is known of a request by its sender, if it came by OpenDSR."""
    row = (await db.execute(_OF_REQUEST, {"request_id": request_id})).mappings().first()
    return _known(row) if row else None


async def keep(db: Connection, known: Known) -> None:
    """Notes what an id stands for, in the transaction that makes the request."""
    await db.execute(table.insert(), {name: getattr(known, name) for name in Known.__slots__})


async def tell(db: Connection, request_id: str, before: str, status: str) -> bool:
    """Notes that a status is called out; False where somebody else has done so."""
    here = {"the_request": request_id, "before": before, "status": status}
    return bool((await db.execute(_TELL, here)).rowcount)


async def forget(db: Connection, request_id: str) -> None:
    """Drops what names the sender's id and addresses; that the id was used stays known."""
    await db.execute(_FORGET, {"the_request": request_id})


_SHOWN = [table.c[name] for name in Known.__slots__]
_FIND = sa.select(*_SHOWN).where(
    table.c.controller == sa.bindparam("controller"), table.c.digest == sa.bindparam("digest")
)
_OF_REQUEST = sa.select(*_SHOWN).where(table.c.request_id == sa.bindparam("request_id"))
_TELL = (
    table.update()
    .where(
        table.c.request_id == sa.bindparam("the_request"), table.c.told == sa.bindparam("before")
    )
    .values(told=sa.bindparam("status"))
)
_FORGET = table.update().where(table.c.request_id == sa.bindparam("the_request")).values(box=None)


def _known(row: RowMapping) -> Known:
    return Known(**{name: row[name] for name in Known.__slots__})
