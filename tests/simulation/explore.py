"""Goes through every order of events of a small configuration: `make explore`.

Breadth first over the same model that `simulate` runs by chance, so the first counterexample is a
shortest one. Moments from which the same can follow are one state: times count from now.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .bugs import Bug
from .checks import check_end
from .events import ALL_FAULTS, Event, faults, happen, progress
from .simulate import told
from .world import BrokenError, World, new_world


@dataclass(frozen=True, slots=True)
class Small:
    """A configuration: what each upstream holds, and how much may go wrong."""

    kinds: tuple[str, ...]
    most_faults: int
    only: frozenset[str] = ALL_FAULTS
    client: str = "robot"
    workers: int = 2
    orders: frozenset[int] = frozenset({1})
    hidden: frozenset[int] = frozenset()

    def world(self, bugs: frozenset[Bug]) -> World:
        return new_world(
            self.kinds, workers=self.workers, client=self.client, bugs=bugs, orders=self.orders,
            hidden=self.hidden, known=Bug.NO_IDENTITY not in bugs,
        )  # fmt: skip


@dataclass(slots=True)
class Found:
    """What was gone through; `trace` leads to `broken`, if anything is."""

    states: int = 0
    ends: int = 0
    deepest: int = 0
    is_all: bool = True
    broken: str | None = None
    trace: list[Event] = field(default_factory=list)


def explore(
    small: Small, bugs: frozenset[Bug] = frozenset(), most_states: int = 10_000_000
) -> Found:
    """All that can happen, until something breaks or so many states were seen."""
    first = small.world(bugs)
    found = Found(states=1)
    # Of each state only where it came from is kept, and its world until its successors are made.
    came: list[tuple[int, Event]] = [(-1, ("begin",))]
    known = {(hash(first.frozen()), 0)}
    layer = [(0, first, 0)]
    while layer and found.broken is None:
        following: list[tuple[int, World, int]] = []
        for place, world, faulty in layer:
            ends = True
            for event, cost in _next(world, small, faulty):
                ends = False
                after = world.copy()
                try:
                    happen(after, event)
                except BrokenError as error:
                    _break(found, came, place, event, error)
                    return found
                key = (hash(after.frozen()), faulty + cost)
                if key in known:
                    continue
                known.add(key)
                came.append((place, event))
                following.append((len(came) - 1, after, faulty + cost))
            if ends:
                found.ends += 1
                try:
                    check_end(world)
                except BrokenError as error:
                    _break(found, came, *came[place], error)
                    return found
        found.states = len(came)
        found.deepest += 1
        layer = following
        if found.states > most_states:
            found.is_all = False
            break
    return found


def _next(world: World, small: Small, faulty: int) -> Iterator[tuple[Event, int]]:
    for event in progress(world):
        yield event, 0
    if faulty < small.most_faults:
        for event in faults(world, small.only):
            yield event, 1


def _break(
    found: Found, came: list[tuple[int, Event]], place: int, event: Event, error: BrokenError
) -> None:
    trace = [event]
    while place > 0:
        place, event = came[place]
        trace.append(event)
    found.broken, found.trace, found.states = str(error), trace[::-1], len(came)


_HARM = frozenset({"die", "freeze", "lost after", "lost commit", "no commit"})
CONFIGURATIONS = (
    Small(("k",), 1, client="portal"),
    Small(("c", "c"), 1),
    Small(("c",), 2, client="portal"),
    Small(("c",), 3, _HARM | {"cancel", "retry", "clock", "cut off"}, client="portal"),
    Small(("c",), 3, _HARM | {"silent", "fault after"}, orders=frozenset({0})),
    Small(("cc", "c"), 2, _HARM | {"first only"}),
    Small(("cc", "cc"), 2, _HARM),
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="explore", description=__doc__)
    parser.add_argument("--states", type=int, default=400_000, help="the most in one configuration")
    parser.add_argument("--plant", type=Bug, action="append", default=[], choices=list(Bug))
    given = parser.parse_args(arguments)
    bugs = frozenset(given.plant)
    for small in CONFIGURATIONS:
        began = time.process_time()
        found = explore(small, bugs, given.states)
        took = time.process_time() - began
        extent = "all" if found.is_all else "the first"
        print(
            f"{'+'.join(small.kinds)}, {small.workers} workers, {small.most_faults} of"
            f" {len(small.only)} faults: {extent} {found.states} states, {found.ends} ends,"
            f" {found.deepest} deep, {took:.1f} s",
            flush=True,
        )
        if found.broken is not None:
            print(*told(small.world(bugs), found.trace), sep="\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
