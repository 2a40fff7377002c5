"""Addresses that upstreams may call, known to us only by the digest of their token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import callback


@dataclass(frozen=True, slots=True)
class Callback:
    """Whose job an address is about."""

    request_id: str
    connector: str


async def keep(db: Connection, token: str, request_id: str, connector: str, now: datetime) -> None:
    """Notes whose job a token is about; the token itself is not kept."""
    if await find(db, token) is None:
        await db.execute(
            callback.insert().values(
                digest=_digest(token), request_id=request_id, connector=connector, made_at=now
            )
        )


async def find(db: Connection, token: str) -> Callback | None:
    query = callback.select().where(callback.c.digest == _digest(token))
    row = (await db.execute(query)).mappings().first()
    return Callback(row["request_id"], row["connector"]) if row else None


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
