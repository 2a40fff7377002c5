"""What is left to do and by whom, read from the rows: nothing may wait without anybody seeing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from avgate_gateway.store import deliveries, endpoints, hand_tasks, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database

_WITHIN_SECONDS = 2.0
_KEPT = timedelta(seconds=1)
_LATE = timedelta(seconds=60)
_LOOK = (
    "see in /metrics which upstream has all its places taken, and in the log for "
    "request.postponed and request.cut_short; where neither shows, add a process (PostgreSQL)"
)

_SEALED = (
    "a master key is missing, or the database was altered; the log says which, at data.unreadable"
)
_REPORT = "report it, with what the log says of request.postponed; it is tried every 30 seconds"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is not with those who are told of a controller's requests."""

    deliveries: Mapping[str, int]  # by state
    oldest_waiting: timedelta
    disabled: int  # endpoints


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left to do for one controller; no number is larger than MOST."""

    due: int
    oldest_due: timedelta
    hand_tasks: int
    stuck: Mapping[str, int]  # by connector
    outgoing: Outgoing | None = None  # where anybody is told of anything


@dataclass(slots=True)
class Backlog:
    """The last look, kept for a moment: whoever asks all the time does not read all the time."""

    database: Database
    controllers: Iterable[str]
    now: Callable[[], datetime]
    _kept: Mapping[str, Standing] | None = None
    _kept_at: datetime | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Mapping[str, Standing] | None:
        """How each controller stands; None while the database does not tell."""
        async with self._turn:
            now = self.now()
            if self._kept_at is None or abs(now - self._kept_at) >= _KEPT:
                self._kept = await self._read(now)
                self._kept_at = now
            return self._kept

    async def _read(self, now: datetime) -> Mapping[str, Standing] | None:
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), self.database.read() as db:
                tells = self.database.outbox.outlets
                return {
                    name: await _standing(db, name, now, tells=name in tells)
                    for name in self.controllers
                }
        except (CutShortError, TimeoutError, sa.exc.SQLAlchemyError):
            return None


async def _standing(db: Connection, controller: str, now: datetime, *, tells: bool) -> Standing:
    due, since = await requests.due_now(db, controller, now)
    return Standing(
        due=due,
        oldest_due=now - since if since else timedelta(0),
        hand_tasks=await hand_tasks.open_count(db, controller),
        stuck=await tasks.stuck(db, controller),
        outgoing=await _outgoing(db, controller, now) if tells else None,
    )


async def _outgoing(db: Connection, controller: str, now: datetime) -> Outgoing:
    since = await deliveries.oldest(db, controller)
    standings = (await endpoints.all_of(db, controller)).values()
    return Outgoing(
        deliveries=await deliveries.counted(db, controller),
        oldest_waiting=now - since if since else timedelta(0),
        disabled=sum(one.disabled_at is not None for one in standings),
    )


def behind(
    standings: Mapping[str, Standing] | None, faulty: int = 0, sealed: int = 0
) -> str | None:
    """What is late and what to look at, in a sentence; None while nothing is late.

    `faulty` requests are stopped each time they are tried: `sealed` of them because what is stored of
    them does not open, and the others by a mistake of ours.
    """
    if sealed:
        of = "1 request" if sealed == 1 else f"{sealed:,} requests"
        return f"What is stored of {of} does not open: {_SEALED}."
    if faulty:
        stopped = "1 request is" if faulty == 1 else f"{faulty:,} requests are"
        return f"{stopped} stopped by a mistake of ours: {_REPORT}."
    if standings is None:
        return "What is due could not be read: the database is slow or away."
    oldest = max((one.oldest_due for one in standings.values()), default=timedelta(0))
    if oldest <= _LATE:
        return None
    seconds = int(oldest.total_seconds())
    count = sum(one.due for one in standings.values())
    if count == 1:
        return f"1 request is due, for {seconds} seconds: {_LOOK}."
    least = "More than " if any(one.due >= MOST for one in standings.values()) else ""
    return f"{least}{count - bool(least):,} requests are due, the oldest for {seconds} seconds: {_LOOK}."
