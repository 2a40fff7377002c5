"""A worker among several, on PostgreSQL: it claims what it advances, as long as its lease runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from uuid import uuid4

from avgate_gateway.heart import Heart, Lease
from avgate_gateway.logs.catalogue import REQUEST_CUT_SHORT
from avgate_gateway.store import holding, postgresql
from avgate_gateway.store.cut_short import (
    AwayError,
    CutShortError,
    SupersededError,
    answering,
    why_unusable,
)
from avgate_gateway.store.holding import HELD, Holding

_REGISTERED_WITHIN = 15.0
_DEAF_SECONDS = 60.0
_WITHOUT_SECONDS = (
    20.0  # that a lease may have lapsed before that is told: a moment without one is usual
)


class Leased:
    """One of several processes on a PostgreSQL."""

    def __init__(
        self,
        address: str,
        protocol: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        deaf_seconds: float = _DEAF_SECONDS,
    ) -> None:
        """`clock` is the machine's own, which is held to the database's; `monotonic` tells how long nothing came.

        `deaf_seconds`: for how long the loop may hear of no lease before the work is left to others.
        """
        self._now = now
        self._address = address
        self._engine = postgresql.claiming(address)
        self._deaf_seconds = deaf_seconds
        self._heart = Heart(
            address, str(uuid4()), protocol, version("avgate"), self._heard, clock, self._listens
        )
        self._home: asyncio.AbstractEventLoop | None = None
        self._answered = asyncio.Event()
        self._lease: Lease | None = None
        self._monotonic = monotonic
        self._listened = monotonic()
        self._until = monotonic()  # when the last lease lapsed, or will
        self._under_way: dict[asyncio.Timeout, str] = {}

    async def start(self) -> None:
        self._home = asyncio.get_running_loop()
        await postgresql.insist_on_sessions(self._address)
        self._heart.start()
        try:
            async with asyncio.timeout(_REGISTERED_WITHIN):
                await self._answered.wait()
        except TimeoutError:
            raise AwayError(self._why_unregistered()) from None
        if (apart := self.trouble()) is not None:
            await asyncio.to_thread(self._heart.stop)
            raise AwayError(apart)

    def trouble(self) -> str | None:
        ahead = self._heart.ahead
        if not ahead:
            return self._unregistered()
        where = f"{abs(ahead)} seconds {'ahead of' if ahead > 0 else 'behind'} the database's"
        return (
            f"This machine's clock is {where}: nothing is worked on here, for what is kept until a day "
            "would go before it, or after. Set it right (does NTP run, here and there?)."
        )

    def _why_unregistered(self) -> str:
        """With what the database said of it, where that is known by its number."""
        missed = self._heart.missed
        why = why_unusable(missed) if missed is not None else "see whether the database runs"
        return f"this worker could not be registered; {why}"

    def _unregistered(self) -> str | None:
        seconds = int(self._monotonic() - self._until)
        if seconds <= _WITHOUT_SECONDS:
            return None
        return (
            f"This process has not been registered in the database for {seconds} seconds: nothing is worked on here. See "
            "worker.missed_a_beat in the log, and whether the database has a connection left; it goes on by itself."
        )

    async def stop(self) -> None:
        await asyncio.to_thread(self._heart.stop)
        await postgresql.disposed(self._engine)

    async def others(self) -> Sequence[str]:
        with answering():
            async with self._engine.connect() as db:
                found = await holding.living(db)
        return [one for one in found if self._lease is None or one != self._lease.worker]

    async def bury(self) -> None:
        with answering():
            async with self._engine.connect() as db:
                await holding.bury(db)

    @asynccontextmanager
    async def held(self, request_id: str) -> AsyncIterator[bool]:
        lease = self._lease
        held = await self._claimed(request_id, lease) if lease is not None else None
        if lease is None or held is None:
            yield False
            return
        before = HELD.set(replace(held, lives=lambda: self._left(held.worker) > 0))
        try:
            async with self._limited(held.worker):
                yield True
        except CutShortError as error:
            REQUEST_CUT_SHORT.tell(request_id=request_id, error=type(error).__name__)
        except BaseExceptionGroup as errors:
            if errors.split(CutShortError)[1] is not None:
                raise
            REQUEST_CUT_SHORT.tell(request_id=request_id)
        finally:
            HELD.reset(before)
            await self._release(held)

    @asynccontextmanager
    async def _limited(self, worker: str) -> AsyncIterator[None]:
        """Stops the block when the lease of the worker lapses; raises SupersededError then."""
        limit = asyncio.timeout(self._left(worker))
        try:
            async with limit:
                self._under_way[limit] = worker
                yield
        except TimeoutError:
            if limit.expired():
                raise SupersededError from None
            raise
        finally:
            self._under_way.pop(limit, None)

    async def _claimed(self, request_id: str, lease: Lease) -> Holding | None:
        with answering():
            async with self._engine.connect() as db:
                return await holding.claim(db, request_id, lease.worker, self._now())

    async def _release(self, held: Holding) -> None:
        # What is not let go of stays ours, and is swept up by us, or lapses with our lease.
        with suppress(AwayError), answering():
            async with self._engine.connect() as db:
                await holding.release(db, held)

    def _left(self, worker: str) -> float:
        """Seconds until the registration lapses, if nothing is heard of it."""
        lease = self._lease
        if lease is None or lease.worker != worker:
            return 0.0
        return max(0.0, lease.until - time.monotonic())

    def _heard(self, lease: Lease | None) -> None:
        """In the heart's thread: passes the news on to where the work is done."""
        if self._home is not None:
            with suppress(RuntimeError):  # that loop is closed
                self._home.call_soon_threadsafe(self._take_over, lease)

    def _listens(self) -> bool:
        """In the heart's thread: whether the loop turns."""
        return self._monotonic() - self._listened < self._deaf_seconds

    def _take_over(self, lease: Lease | None) -> None:
        """Puts off, or brings on, the end of everything that is under way."""
        self._listened = self._monotonic()
        self._lease = lease
        if lease is not None:
            self._until = lease.until
        if lease is not None or self._heart.ahead:
            self._answered.set()
        now = asyncio.get_running_loop().time()
        for limit, worker in self._under_way.items():
            if not limit.expired():
                limit.reschedule(now + self._left(worker))
