"""Addresses that upstreams may call once, known to us only by the digest of their token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from avgate_gateway.store.schema import callback

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Callback:
    """Whose job an address is about, and whether it was called."""

    request_id: str
    connector: str
    used_at: datetime | None


async def make(db: AsyncConnection, request_id: str, connector: str, now: datetime) -> str:
    """A new token that nobody can guess; it is not kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await db.execute(
        callback.insert().values(
            digest=_digest(token), request_id=request_id, connector=connector, made_at=now
        )
    )
    return token


async def find(db: AsyncConnection, token: str) -> Callback | None:
    query = callback.select().where(callback.c.digest == _digest(token))
    row = (await db.execute(query)).mappings().first()
    return Callback(row["request_id"], row["connector"], row["used_at"]) if row else None


async def use(db: AsyncConnection, token: str, now: datetime) -> None:
    await db.execute(
        callback.update().where(callback.c.digest == _digest(token)).values(used_at=now)
    )


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
