"""Tells the database every other second that this process lives, whatever else it is busy with.

A thread with an event loop and a connection of its own, every step of it limited in time: neither a
stalled loop nor a lock that somebody holds stops it. Once the lease lapsed it never comes back: the
process goes on under a new registration, and what was held under the old one is lost to it.

A stalled loop that does not hear of its lease for a minute has none: what it holds would be nobody's.
Whose clock is far from the database's has no lease: what is kept until a day would be erased before it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import gethostname
from threading import Thread

import asyncpg

from avgate_gateway.logs.catalogue import (
    WORKER_CLOCK_APART,
    WORKER_LAPSED,
    WORKER_MISSED_A_BEAT,
    WORKER_STANDS_STILL,
)
from avgate_gateway.store import timelines
from avgate_gateway.store.holding import LEASE_SECONDS
from avgate_gateway.store.postgresql import connected

_BEAT_SECONDS = 2.0
_STEP_SECONDS = 3.0
_PAUSE_SECONDS = 0.5
_MOST_APART = 300.0  # seconds between two clocks: as much as Kerberos usually allows
_MICROS = 1_000_000
_NOW = f"(extract(epoch from clock_timestamp()) * {_MICROS})::bigint"
_REGISTER = (
    "INSERT INTO worker (id, name, protocol, release, since, beat_at) "  # noqa: S608 -- constants  # nosec B608
    f"VALUES ($1, $2, $3, $4, {_NOW}, {_NOW})"
)
_BEAT = (
    f"UPDATE worker SET beat_at = {_NOW} "  # noqa: S608 -- constants  # nosec B608
    f"WHERE id = $1 AND beat_at > {_NOW} - {int(LEASE_SECONDS * _MICROS)} RETURNING id"
)
# Where the server's clock went back, or another server with another clock took over, whoever died before
# would live until it has caught up: theirs begin to lapse now, and the living beat again in a moment.
_NONE_IS_AHEAD = f"UPDATE worker SET beat_at = {_NOW} WHERE beat_at > {_NOW} + 1 * {_MICROS}"  # noqa: S608 -- constants  # nosec B608
_TIME = f"SELECT {_NOW}"
_LEAVE = "DELETE FROM worker WHERE id = $1"
_LIMITS = {"lock_timeout": "1s", "statement_timeout": "2s"}


@dataclass(frozen=True, slots=True)
class Lease:
    """A registration, and until when (`time.monotonic`) nobody takes its holder for dead."""

    worker: str
    until: float


class Heart:
    """Beats between `start` and `stop`; `told` hears, in its thread, of every lease and of None."""

    def __init__(
        self,
        address: str,
        executor: str,
        protocol: str,
        release: str,
        told: Callable[[Lease | None], None],
        clock: Callable[[], float] = time.time,
        listens: Callable[[], bool] = lambda: True,
    ) -> None:
        """`listens`: whether what is told has been heard of late; else the work stands still, and is left to others."""
        self._address = address
        self._executor = executor
        self._about = (f"{gethostname()[:180]}:{os.getpid()}", protocol, release)
        self._told = told
        self._clock = clock
        self._listens = listens
        self.ahead = (
            0  # seconds that our clock is ahead of the database's, or -n behind: 0 if not far
        )
        self.missed: Exception | None = None  # what the last beat failed of, if it did
        self._registrations = 0
        self._is_missing = False  # beats, since one was told
        self._lease: Lease | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._thread = Thread(target=self._live, name="avgate-heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the registration, so that nobody has to wait for it to lapse."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it ended by itself
                self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(2 * _STEP_SECONDS)

    def _live(self) -> None:
        asyncio.run(self._keep_beating())

    async def _keep_beating(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._stopped.is_set():
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    connection = await connected(
                        self._address, _LIMITS, "avgate heart", _STEP_SECONDS, _STEP_SECONDS
                    )
            except Exception as error:  # noqa: BLE001 -- what answers need not be a PostgreSQL
                await self._missed(error)
                continue
            try:
                await self._beat_by(connection)
            except Exception as error:  # noqa: BLE001 -- nobody else would begin it anew
                await self._missed(error)
            finally:
                connection.terminate()

    async def _beat_by(self, connection: asyncpg.Connection) -> None:
        while not self._stopped.is_set():
            timelines.MET.insist(connection)
            if await self._is_far_off(connection) or not self._listens():
                await self._stand_back(connection)
                await self._rest(_BEAT_SECONDS)
                continue
            before = time.monotonic()
            lease = self._lease
            if lease is not None and not (
                before < lease.until and await connection.fetchval(_BEAT, lease.worker)
            ):
                self._say(None)
                WORKER_LAPSED.tell(worker=lease.worker)
                continue
            worker = lease.worker if lease is not None else await self._register(connection)
            self._say(Lease(worker, before + LEASE_SECONDS))
            await connection.execute(_NONE_IS_AHEAD)
            self._is_missing, self.missed = False, None
            await self._rest(_BEAT_SECONDS)
        if self._lease is not None:
            await connection.execute(_LEAVE, self._lease.worker)

    async def _is_far_off(self, connection: asyncpg.Connection) -> bool:
        """Whether our clock is, at the least, too far from the server's."""
        before = self._clock()
        theirs: float = await connection.fetchval(_TIME) / _MICROS
        ahead, behind = before - theirs, theirs - self._clock()
        is_far = max(ahead, behind) > _MOST_APART
        self.ahead = int(max(ahead, 0.0) - max(behind, 0.0)) if is_far else 0
        return is_far

    async def _stand_back(self, connection: asyncpg.Connection) -> None:
        """Leaves the work to others, at once."""
        lease = self._lease
        if self.ahead:
            WORKER_CLOCK_APART.tell(seconds=self.ahead)
        elif lease is not None:
            WORKER_STANDS_STILL.tell(worker=lease.worker)
        self._say(None)
        if lease is not None:
            await connection.execute(_LEAVE, lease.worker)

    async def _register(self, connection: asyncpg.Connection) -> str:
        self._registrations += 1
        worker = f"{self._executor}.{self._registrations}"
        await connection.execute(_REGISTER, worker, *self._about)
        return worker

    def _say(self, lease: Lease | None) -> None:
        self._lease = lease
        self._told(lease)

    async def _missed(self, error: Exception) -> None:
        if not self._is_missing:  # how it goes on is told by `database.away`
            WORKER_MISSED_A_BEAT.tell(error=type(error).__name__)
        self._is_missing, self.missed = True, error
        await self._rest(_PAUSE_SECONDS)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
