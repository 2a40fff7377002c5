"""Idempotency keys: which answer a repeated call gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import idempotency
from avgate_gateway.store.updating import update


@dataclass(frozen=True, slots=True)
class Stored:
    """The first answer to a key, as it was sent."""

    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


async def find(db: Connection, scope: str) -> Stored | None:
    row = (await db.execute(_FIND, {"scope": scope})).first()
    return Stored(row[0], row[1], row[2], row[3]) if row else None


async def keep(db: Connection, scope: str, stored: Stored, now: datetime) -> None:
    """Keeps an answer, in the same transaction as the effect it tells of."""
    await db.execute(_KEEP, {"scope": scope, "made_at": now, **_answer(stored)})


async def secure(db: Connection, scope: str, stored: Stored) -> None:
    """Has the commit that a stored answer is read in be one that keeps it: it promises the same again.

    PostgreSQL shows others what was committed when its wait for a synchronous standby is given up, and
    a transaction that only reads does not wait for one. SQLite leaves the row as it is.
    """
    await update(db, idempotency, {"scope": scope}, {"fingerprint": stored.fingerprint})


async def replace(db: Connection, scope: str, stored: Stored) -> None:
    """Puts the answer that is really sent in the place of the one that was kept for safety."""
    await update(db, idempotency, {"scope": scope}, _answer(stored))


def _answer(stored: Stored) -> dict[str, Any]:
    return {
        "fingerprint": stored.fingerprint,
        "status": stored.status,
        "headers": stored.headers,
        "body": stored.body,
    }


_FIND = sa.select(
    idempotency.c.fingerprint,
    idempotency.c.status,
    idempotency.c.headers,
    idempotency.c.body,
).where(idempotency.c.scope == sa.bindparam("scope"))
_KEEP = idempotency.insert()


async def expire(db: Connection, before: datetime) -> None:
    await db.execute(idempotency.delete().where(idempotency.c.made_at < before))
