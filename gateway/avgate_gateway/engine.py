"""Wakes requests: at once when something happened to them, and again when their time has come.

The queue is our own rows. `wake_at` is written in the commit that gives a request something to do, so
whoever dies, freezes or forgets, the sweep of whoever lives finds it. `advance` may be called at any
time and any number of times; what is left to do stands in the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from avgate_gateway.bulkheads import NONE, Bulkheads, FullError, named, parted
from avgate_gateway.claims import Alone, Claims
from avgate_gateway.faults import Faults
from avgate_gateway.logs.catalogue import (
    DATA_UNREADABLE,
    ENGINE_STOPPED,
    REQUEST_CUT_SHORT,
    REQUEST_POSTPONED,
)
from avgate_gateway.logs.fault import record
from avgate_gateway.pausing import Pauses
from avgate_gateway.rounds import Rounds
from avgate_gateway.store import idempotency, rates, requests, tasks
from avgate_gateway.store.cut_short import AwayError, CutShortError
from avgate_gateway.store.database import Database
from avgate_gateway.turns import Advance, Turns
from avgate_gateway.vault import VaultError

PROTOCOL = "1"  # counts engine protocols, not releases: any release finishes any other's work
_SWEEP_SECONDS = 1.0
_SWEEP_AT_ONCE = 64  # requests of one controller
_ORPHANS_SECONDS = 60.0
_DRAIN_SECONDS = 10.0
_CANCEL_SECONDS = 5.0
_TIDY_SECONDS = 600.0
_AFTER_A_FAULT = timedelta(seconds=30)
_HEAD_START = timedelta(seconds=1)  # of whoever was told of it, before others come and take it
# Settings change in one process after the other: what others may know is left to them for as long as a
# connector's part is (`flow.running`), for whoever knows a controller not puts its requests off for an hour.
_ORPHANED_FOR = timedelta(minutes=6)
_KEEP_ANSWERS = timedelta(days=30)  # how long an idempotency key is remembered
_KEEP_WINDOWS = timedelta(days=2)  # longer than any window


class Engine:
    """The one place where work is begun; `start` and `stop` it with the process."""

    def __init__(
        self,
        database: Database,
        advance: Advance,
        now: Callable[[], datetime],
        controllers: Iterable[str] = (),
        claims: Claims | None = None,
        bulkheads: Bulkheads | None = None,
        faults: Faults | None = None,
        rounds: Rounds | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        self._database = database
        self._claims = claims or Alone()
        self._controllers = sorted(controllers)
        self._turns = Turns(advance)
        self._bulkheads = bulkheads or Bulkheads()
        self._faults = faults or Faults(now)
        self._pauses = pauses or Pauses(database, now)
        self._now = now
        self.kept_from_starting: AwayError | None = None
        self._begun: set[asyncio.Task[None]] = set()
        self._rounds = rounds or Rounds()
        every = self._rounds.every
        name = "The search for requests whose time has come"
        every(_SWEEP_SECONDS, "sweep", name, self._sweep, is_vital=True, longest=60)
        name = "The search for requests of controllers that are gone"
        every(_ORPHANS_SECONDS, "orphans", name, self._sweep_orphans)
        every(_TIDY_SECONDS, "tidy", "The removal of what is remembered no longer", self._tidy)

    @property
    def faults(self) -> Faults:
        """What it stumbles over each time, for whoever watches."""
        return self._faults

    @property
    def bulkheads(self) -> Bulkheads:
        """The places that its work takes, for whoever watches."""
        return self._bulkheads

    async def start(self) -> None:
        """Begins to sweep, which takes up what a dead process left; raises AwayError."""
        try:
            await self._claims.start()
            await self._pauses.refresh()
        except AwayError as error:
            self.kept_from_starting = error
            raise
        self._rounds.start()

    async def stop(self) -> None:
        """Ends the sweep; what was under way and is not done soon is taken up at the next start."""
        await self._rounds.stop()
        self._bulkheads.close()
        if not await self._turns.finished(_DRAIN_SECONDS):
            ENGINE_STOPPED.tell(under_way=len(self._begun))
        for task in self._begun:
            task.cancel()
        if self._begun:  # what a silent database keeps from ending, ends with the process
            await asyncio.wait(self._begun, timeout=_CANCEL_SECONDS)
        await self._claims.stop()

    def wake(self, request_ids: Iterable[str]) -> None:
        """Begins to work on requests; returns at once, and what it misses the sweep finds."""
        for request_id in request_ids:
            begun = asyncio.create_task(self._work_on(request_id))
            self._begun.add(begun)
            begun.add_done_callback(self._begun.discard)

    async def _work_on(self, request_id: str) -> None:
        try:
            async with self._turns.of(request_id) as turn:
                while turn.goes_on():
                    async with self._bulkheads.entered(await self._needed(request_id)):
                        await turn.advance()
                    self._faults.are_over(request_id)
        except FullError:
            return  # it is due as it was, and the sweep comes back to it
        except CutShortError:
            REQUEST_CUT_SHORT.tell(request_id=request_id)  # the sweep finds it still due
        except Exception as error:  # noqa: BLE001 -- nobody else would hear of it
            await self._postpone(request_id, error)

    async def _needed(self, request_id: str) -> frozenset[str]:
        """The upstreams that have something to do for it now, each of its controller's own."""
        async with self._database.read() as db:
            found = await tasks.upstreams(db, request_id, self._now())
        needed = (named(of, name) for of, name in found if name not in self._pauses.of(of))
        return frozenset(needed) or frozenset({NONE})

    async def _postpone(self, request_id: str, error: Exception) -> None:
        """A request that trips us up is tried again, but not every second."""
        if isinstance(error, VaultError):  # no mistake of ours: a key is missing, or a row altered
            DATA_UNREADABLE.tell(reason=str(error), request_id=request_id)
        else:
            REQUEST_POSTPONED.tell(request_id=request_id)
            record(error)
        self._faults.happened(request_id, error)
        with suppress(sa.exc.SQLAlchemyError, CutShortError):
            async with self._database.write() as db:
                await requests.wake(db, request_id, self._now() + _AFTER_A_FAULT)

    async def _sweep(self) -> None:
        """Wakes what is due, also where what waited for a pause cannot be woken now; raises AwayError."""
        try:
            await self._pauses.refresh()
        except AwayError:
            await self._wake_due()
            raise
        await self._wake_due()

    async def _wake_due(self) -> None:
        """Some of every controller: one's thousands do not hold up another."""
        self._bulkheads.review()
        others = await self._claims.others()
        for controller in self._controllers:
            self.wake(await self._due(controller, others))

    async def _sweep_orphans(self) -> None:
        """Wakes what belongs to controllers that are in the config no more: the log tells of it."""
        self.wake(await self._due(None, await self._claims.others(), _ORPHANED_FOR))

    async def _due(
        self, controller: str | None, others: Sequence[str], head_start: timedelta = _HEAD_START
    ) -> Sequence[str]:
        before = self._now() - (head_start if others else timedelta(0))
        crowded = [pair for pair in map(parted, self._bulkheads.crowded) if pair[0] == controller]
        running = self._turns.running()
        async with self._database.read() as db:
            found = await requests.due(
                db,
                before,
                _SWEEP_AT_ONCE + len(running),
                others,
                controller=controller,
                but_at=[connector for _, connector in crowded],
                known=self._controllers,
            )
        # Left out here: a thousand ids in a statement are written into it anew each second.
        return [one for one in found if one not in running][:_SWEEP_AT_ONCE]

    async def _tidy(self) -> None:
        """Drops old answers and workers that are long gone, so that no table grows for ever."""
        await self._claims.bury()
        async with self._database.write() as db:
            await idempotency.expire(db, self._now() - _KEEP_ANSWERS)
            await rates.expire(db, self._now() - _KEEP_WINDOWS)
