"""Idempotency keys: which answer a repeated call gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import idempotency


@dataclass(frozen=True, slots=True)
class Stored:
    """The first answer to a key, as it was sent."""

    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


async def find(db: Connection, scope: str) -> Stored | None:
    columns = (
        idempotency.c.fingerprint,
        idempotency.c.status,
        idempotency.c.headers,
        idempotency.c.body,
    )
    row = (await db.execute(sa.select(*columns).where(idempotency.c.scope == scope))).first()
    return Stored(row[0], row[1], row[2], row[3]) if row else None


async def keep(db: Connection, scope: str, stored: Stored, now: datetime) -> None:
    """Keeps an answer, in the same transaction as the effect it tells of."""
    values: dict[str, Any] = {
        "scope": scope,
        "fingerprint": stored.fingerprint,
        "status": stored.status,
        "headers": stored.headers,
        "body": stored.body,
        "made_at": now,
    }
    await db.execute(idempotency.insert().values(**values))


async def replace(db: Connection, scope: str, stored: Stored) -> None:
    """Puts the answer that is really sent in the place of the one that was kept for safety."""
    await db.execute(
        idempotency.update()
        .where(idempotency.c.scope == scope)
        .values(status=stored.status, headers=stored.headers, body=stored.body)
    )


async def expire(db: Connection, before: datetime) -> None:
    await db.execute(idempotency.delete().where(idempotency.c.made_at < before))
