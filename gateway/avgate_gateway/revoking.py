"""Reads who is refused from the rows, for whoever checks tokens."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from avgate_gateway.authentication.revocation import Read, Revoked
from avgate_gateway.store import refused
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database

_WITHIN_SECONDS = 2.0


def reading(database: Database) -> Read:
    """A read that gives up after two seconds, and then tells None."""

    async def read() -> Revoked | None:
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), database.read() as db:
                found = await refused.listed(db)
        except (CutShortError, TimeoutError, sa.exc.SQLAlchemyError):
            return None
        return Revoked(_named(found, refused.CLIENT), _named(found, refused.TOKEN))

    return read


def _named(found: refused.Listed, kind: str) -> frozenset[str]:
    return frozenset(name for of, name, _ in found if of == kind)
