"""How open requests and the evidence stand, read from the rows for whoever watches by figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from avgate_gateway.store import checkpoints, open_requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database
from avgate_gateway.store.open_requests import Group

_WITHIN_SECONDS = 2.0
_KEPT = timedelta(seconds=5)
_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Seen:
    """All of it at one moment."""

    at: datetime
    groups: Mapping[str, Sequence[Group]]  # by controller
    next_wake: Mapping[str, datetime]  # of those that have one
    unsigned: int  # entries of the evidence that no checkpoint covers yet
    signed_at: datetime | None


@dataclass(slots=True)
class Overview:
    """The last look, kept for some seconds: it reads every open request."""

    database: Database
    controllers: Iterable[str]
    now: Callable[[], datetime]
    _kept: Seen | None = None
    _kept_at: datetime | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Seen | None:
        """None while the database does not tell."""
        async with self._turn:
            now = self.now()
            if self._kept_at is None or abs(now - self._kept_at) >= _KEPT:
                self._kept = await self._read(now)
                self._kept_at = now
            return self._kept

    async def _read(self, now: datetime) -> Seen | None:
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), self.database.read() as db:
                return await self._seen(db, now)
        except (CutShortError, TimeoutError, sa.exc.SQLAlchemyError):
            return None

    async def _seen(self, db: Connection, now: datetime) -> Seen:
        today = now.date()
        groups = {
            name: await open_requests.groups(db, name, today, today + _SOON)
            for name in self.controllers
        }
        wakes = {name: await open_requests.next_wake(db, name, now) for name in self.controllers}
        signed = await checkpoints.newest(db)
        return Seen(
            at=now,
            groups=groups,
            next_wake={name: at for name, at in wakes.items() if at is not None},
            unsigned=await checkpoints.length(db) - (signed.size if signed else 0),
            signed_at=signed.at if signed else None,
        )
