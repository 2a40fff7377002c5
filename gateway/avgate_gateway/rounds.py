"""What is done again and again for as long as the process runs, watched over: none ends unnoticed.

Each has a task of its own. One that ends, whatever ended it, is told in the log and begun anew after a
moment; until then, or where it was never begun, or where a round does not come to its end, it is in
`standstills`, with what to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from avgate_gateway.logs.catalogue import DATABASE_AWAY, ROUND_DIED
from avgate_gateway.logs.fault import record
from avgate_gateway.store.cut_short import AwayError

AGAIN_SECONDS = 10.0
_LONGEST_SECONDS = 300.0
_AWAY_SECONDS = 60.0
_RESTART = "if that lasts, restart this process and report it with what the log says of round.died"


@dataclass(frozen=True, slots=True)
class Standstill:
    """Something that is not done just now; `is_vital`: no request gets on without it."""

    key: str
    says: str
    is_vital: bool


@dataclass(slots=True)
class Away:
    """Tells of a database that is away once a minute, whichever round meets it: one does twice a second."""

    monotonic: Callable[[], float]
    _since: float | None = None

    def tell(self, reason: str) -> None:
        now = self.monotonic()
        if self._since is None or now - self._since >= _AWAY_SECONDS:
            self._since = now
            DATABASE_AWAY.tell(reason=reason)


@dataclass(slots=True, eq=False)
class Round:
    """One of them; `longest` is how many seconds one round may take before that is told."""

    key: str
    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
    monotonic: Callable[[], float]
    away: Away
    longest: float = _LONGEST_SECONDS
    is_vital: bool = False
    begins_at_once: bool = True
    task: asyncio.Task[None] | None = None
    since: float = 0.0
    is_under_way: bool = False
    died_of: str | None = None

    async def go_on(self) -> None:
        """Does it, rests, and does it again, whatever comes of it."""
        self.died_of = None
        self.since = self.monotonic()
        if not self.begins_at_once:
            await asyncio.sleep(self.seconds)
        while True:
            self.is_under_way, self.since = True, self.monotonic()
            try:
                await self.work()
            except AwayError as error:  # expected now and then, and told by health as well
                self.away.tell(str(error))
            except Exception as error:  # noqa: BLE001 -- what fails must be tried again
                record(error)
            self.is_under_way, self.since = False, self.monotonic()
            await asyncio.sleep(self.seconds)

    def standstill(self) -> str | None:
        """Why it is not done, in a sentence; None while it is."""
        seconds = int(self.monotonic() - self.since)
        if self.task is None:
            return f"{self.name} was not begun: restart this process, and report it."
        if self.died_of is not None:
            return f"{self.name} ended ({self.died_of}), {seconds} seconds ago: it begins anew; {_RESTART}."
        if self.is_under_way and seconds > self.longest:
            return f"{self.name} has not come to its end for {seconds} seconds: see whether the database and the disk answer; {_RESTART}."
        return None


@dataclass(slots=True)
class Rounds:
    """All of them; `start` and `stop` them with the process."""

    monotonic: Callable[[], float] = time.monotonic
    again_seconds: float = AGAIN_SECONDS
    _rounds: list[Round] = field(default_factory=list)
    _is_running: bool = False
    _again: set[asyncio.TimerHandle] = field(default_factory=set)
    _away: Away = field(init=False)

    def __post_init__(self) -> None:
        self._away = Away(self.monotonic)

    def every(
        self,
        seconds: float,
        key: str,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        is_vital: bool = False,
        longest: float = _LONGEST_SECONDS,
        begins_at_once: bool = True,
    ) -> None:
        """Adds one, which begins with the others; `key` is for machines, `name` begins a sentence."""
        self._rounds.append(
            Round(
                key,
                name,
                seconds,
                work,
                self.monotonic,
                self._away,
                longest,
                is_vital,
                begins_at_once,
            )
        )

    @property
    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """The tasks of those that go on."""
        return [one.task for one in self._rounds if one.task is not None]

    def standstills(self) -> list[Standstill]:
        """What is not done just now."""
        found = ((one, one.standstill()) for one in self._rounds)
        return [Standstill(one.key, says, one.is_vital) for one, says in found if says is not None]

    def states(self) -> dict[str, bool]:
        """Of each by its key whether it goes on."""
        return {one.key: one.standstill() is None for one in self._rounds}

    def start(self) -> None:
        self._is_running = True
        for one in self._rounds:
            self._begin(one)

    async def stop(self) -> None:
        """Ends them all, wherever they are."""
        self._is_running = False
        for handle in self._again:
            handle.cancel()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _begin(self, one: Round) -> None:
        one.task = asyncio.create_task(one.go_on(), name=one.name)
        one.task.add_done_callback(lambda task: self._ended(one, task))

    def _ended(self, one: Round, task: asyncio.Task[None]) -> None:
        if not self._is_running:
            return
        error = None if task.cancelled() else task.exception()
        one.died_of = "cancelled" if error is None else type(error).__name__
        one.is_under_way, one.since = False, self.monotonic()
        ROUND_DIED.tell(round=one.key, error=one.died_of)
        loop = asyncio.get_running_loop()
        self._again = {handle for handle in self._again if handle.when() > loop.time()}
        self._again.add(loop.call_later(self.again_seconds, self._begin, one))
