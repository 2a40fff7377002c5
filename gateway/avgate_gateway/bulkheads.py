"""Keeps one upstream's trouble from filling the house: so many requests at each, and no more.

A slow upstream holds the requests that need it, and of those only the part that it has. Whoever does
not need it finds other upstreams' places free, however many wait for the slow one: a part gives its
place back when it has ended, whatever the others of its request still do, and who waits holds
nothing (but see `_keep`). A controller has upstreams of its own, so one controller's backlog takes
no place from another, in here or in the queue.

Places are few where upstreams are quick: whoever else comes shares the processor with all who are in
one. Where requests stay long, because the upstream is slow or there is much to fetch, more are let
in beside them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count

from avgate_gateway.store.cut_short import CutShortError

NONE = "none"  # where those have their place that need no upstream just now
_AT_EACH = 8  # requests at one upstream: half of them call, over four connections, while half work
_AT_MOST = 32  # with those that stay long
_LONG_SECONDS = 2.0
_WAITING = 1_000  # requests that wait in memory for the same; the others wait in the database


class FullError(CutShortError):
    """So many wait already that this one does not wait here as well."""


@dataclass(slots=True, eq=False)
class _Waiter:
    number: int
    passed: int  # how many had been let in when it came
    place: asyncio.Future[None]
    kept: set[str] = field(default_factory=set)  # of its places, those that it has already


class Bulkheads:
    """Places at upstreams, given out in order of arrival to whoever finds all of theirs free."""

    def __init__(
        self,
        at_each: int = _AT_EACH,
        at_most: int = _AT_MOST,
        waiting: int = _WAITING,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_each = at_each
        self._at_most = max(at_most, at_each)
        self._most_waiting = waiting
        self.monotonic = monotonic
        self._taken: Counter[str] = Counter()
        self._stays: set[_Stay] = set()
        self._long: Counter[str] = Counter()  # of the places taken, those for long, when last seen
        self._queues: dict[frozenset[str], deque[_Waiter]] = {}
        self._numbers = count()
        self._let_in = 0
        self._is_open = True

    @property
    def taken(self) -> Mapping[str, int]:
        """How many places are taken at each upstream that was ever asked for one."""
        return dict(self._taken)

    @property
    def waiting(self) -> int:
        """How many wait for their places."""
        return sum(map(len, self._queues.values()))

    @property
    def crowded(self) -> frozenset[str]:
        """Upstreams without a free place that so many wait for that no more may."""
        crowds = [
            names for names, queue in self._queues.items() if len(queue) >= self._most_waiting
        ]
        return frozenset(name for names in crowds for name in names if self.is_full(name))

    def is_full(self, upstream: str) -> bool:
        """Whether all of its places are taken."""
        places = min(self._at_each + self._long[upstream], self._at_most)
        return self._taken[upstream] >= places

    def review(self) -> None:
        """Makes room beside those who stay long; to be called every second or so."""
        before = self.monotonic() - _LONG_SECONDS
        self._long = Counter(
            name for stay in self._stays for name, since in stay.held.items() if since <= before
        )
        self._admit()

    @asynccontextmanager
    async def entered(self, upstreams: frozenset[str]) -> AsyncIterator[None]:
        """A place at each of them, at the longest for as long as the block runs; raises FullError.

        What is done in the block gives places back sooner by `at_upstream`.
        """
        waiting = self._queues.get(upstreams, ())
        if len(waiting) >= self._most_waiting:
            raise FullError
        await self.take(upstreams)
        stay = _Stay(self, dict.fromkeys(upstreams, self.monotonic()))
        self._stays.add(stay)
        before = _STAY.set(stay)
        try:
            yield
        finally:
            _STAY.reset(before)
            self._stays.remove(stay)
            self.give_back(set(stay.held))

    def close(self) -> None:
        """Sends away all who wait, and all who come."""
        self._is_open = False
        for queue in self._queues.values():
            for waiter in queue:
                if not waiter.place.done():
                    waiter.place.set_exception(FullError())

    async def take(self, upstreams: frozenset[str]) -> None:
        """Waits for the places; they are taken by whoever gives them, so nobody comes between."""
        if not self._is_open:
            raise FullError
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(next(self._numbers), self._let_in, place)
        queue = self._queues.setdefault(upstreams, deque())
        queue.append(waiter)
        self._admit()
        try:
            await place
        except BaseException:  # it has to give back what it was given, or kept
            if waiter in queue:
                queue.remove(waiter)
                self._forget_if_empty(upstreams)
            self.give_back(waiter.kept)
            raise

    def give_back(self, upstreams: set[str]) -> None:
        """Lets others have these places."""
        if upstreams:
            self._taken.subtract(upstreams)
            self._admit()

    def _admit(self) -> None:
        """Lets in, the longest waiting first, all whose upstreams have room."""
        while (names := self._next()) is not None:
            waiter = self._queues[names].popleft()
            self._forget_if_empty(names)
            if waiter.place.done():  # it was given up, and gives back what it kept by itself
                continue
            self._taken.update(names - waiter.kept)
            waiter.kept = set(names)
            self._let_in += 1
            waiter.place.set_result(None)

    def _next(self) -> frozenset[str] | None:
        """The upstreams of the longest waiting of all who find theirs free."""
        self._keep()
        free = [
            names
            for names, queue in self._queues.items()
            if not any(map(self.is_full, names - queue[0].kept))
        ]
        return min(free, key=self._number_of_first, default=None)

    def _keep(self) -> None:
        """Has the longest waiting of all keep what is free of its places, once many passed it by.

        Whoever needs two upstreams that are both in demand would else never find both free at once.
        It is one at a time, so two that keep what the other needs cannot be.
        """
        if not self._queues:
            return
        names = min(self._queues, key=self._number_of_first)
        first = self._queues[names][0]
        if self._let_in - first.passed >= 2 * self._at_each and not first.place.done():
            found = {name for name in names - first.kept if not self.is_full(name)}
            self._taken.update(found)
            first.kept |= found

    def _number_of_first(self, names: frozenset[str]) -> int:
        return self._queues[names][0].number

    def _forget_if_empty(self, names: frozenset[str]) -> None:
        if not self._queues[names]:
            del self._queues[names]


@dataclass(slots=True, eq=False)
class _Stay:
    """What one request holds of its places."""

    bulkheads: Bulkheads
    held: dict[str, float]  # since when

    def leave(self, upstream: str) -> None:
        if upstream in self.held:
            del self.held[upstream]
            self.bulkheads.give_back({upstream})

    @asynccontextmanager
    async def at(self, upstream: str) -> AsyncIterator[bool]:
        self.leave(NONE)
        has_waited = upstream not in self.held  # it did not need it when it came, or has left it
        if has_waited:
            await self.bulkheads.take(frozenset({upstream}))
            self.held[upstream] = self.bulkheads.monotonic()
        try:
            yield has_waited
        finally:
            self.leave(upstream)


_STAY: ContextVar[_Stay | None] = ContextVar("stay", default=None)


def named(controller: str, connector: str) -> str:
    """An upstream: each controller has its own."""
    return f"{controller}/{connector}"


def parted(upstream: str) -> tuple[str, str]:
    """The controller and the connector of an upstream."""
    controller, _, connector = upstream.partition("/")
    return controller, connector


def leave_upstream(controller: str, connector: str) -> None:
    """Gives back the place of a part that is not begun yet."""
    stay = _STAY.get()
    if stay is not None:
        stay.leave(named(controller, connector))


@asynccontextmanager
async def at_upstream(controller: str, connector: str) -> AsyncIterator[bool]:
    """The place of one part of the request that is worked on here, given back when the part ends.

    It waits for one where the request has none any more, and says so: what was known may be old by
    then. Whoever works without an engine needs no place.
    """
    stay = _STAY.get()
    if stay is None:
        yield False
        return
    async with stay.at(named(controller, connector)) as has_waited:
        yield has_waited
