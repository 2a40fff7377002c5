"""Runs the model by chance, with a virtual clock: `make simulate SEEDS=20000`, `SEED=123` to see one.

A seed is a whole run: a request is accepted, things go wrong, and it ends or waits where it must.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from avgate_contracts.vocabulary import Operation

from .bugs import Bug
from .checks import check_end
from .events import (
    ALL_FAULTS,
    NAMES_OF_FAULTS,
    OUTAGES,
    TOGETHER,
    Event,
    faults,
    happen,
    next_time,
    progress,
)
from .world import BEGIN, BrokenError, World, new_world

T = TypeVar("T")
_PEOPLE = frozenset({"approve", "complete", "identify"})
MOST_EVENTS = 1000  # a run that is longer than this goes round in circles
_TURN = 2  # a request's step has a state and whose turn it is
SAMPLE = 32  # one run in so many is counted state by state, for that costs more than the run
_HOLDINGS = ("c", "cc", "cc", "k", "ck", "cp", "")


@dataclass(slots=True)
class Run:
    """One seed, and what came of it."""

    seed: int
    events: list[Event] = field(default_factory=list)
    broken: str | None = None


@dataclass(slots=True)
class Seen:
    """What the sampled runs went through."""

    states: set[int] | None = field(default_factory=set)  # None: not counted
    steps: Counter[tuple[Any, Any]] = field(default_factory=Counter)


def begin(rng: random.Random, bugs: frozenset[Bug]) -> World:
    """A request and its upstreams, as chance has them."""
    kinds = tuple(rng.choice(_HOLDINGS) for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3))))
    count = sum(map(len, kinds))
    what = rng.random()
    world = new_world(
        kinds,
        operation=Operation.ACCESS if what < 0.05 else Operation.ERASE,
        client="robot" if rng.random() < 0.2 else "portal",
        known=rng.random() > 0.1,
        bugs=bugs,
        orders=frozenset({1}) if what < 0.6 else frozenset({0}),
        relists=frozenset({0}) if what > 0.92 else frozenset(),
        hidden=frozenset({count - 1}) if count > 1 and rng.random() < 0.6 else frozenset(),
    )
    if rng.random() < 0.1:  # one is down already
        world.upstreams[-1].down_until = BEGIN + rng.choice(OUTAGES)
        world.upstreams[-1].fits_two = rng.random() < 0.5
    world.cools_for = rng.choice((timedelta(), timedelta(), timedelta(), timedelta(hours=2)))
    return world


def run(
    seed: int, bugs: frozenset[Bug] = frozenset(), seen: Seen | None = None, *, wild: bool = False
) -> Run:
    """A run from its beginning to its end; a wild one has every kind of bad luck, all the time."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, and no secret
    world = begin(chance, bugs)
    made = Run(seed)
    try:
        for event in _events(world, chance, wild=wild):
            made.events.append(event)
            before = (*places(world), whose_turn(world)) if seen is not None else ()
            happen(world, event)
            if seen is not None:
                note(seen, before, world)
            if len(made.events) > MOST_EVENTS:
                break
        else:
            check_end(world)
    except BrokenError as error:
        made.broken = str(error)
    if len(made.events) > MOST_EVENTS:
        made.broken = made.broken or "it goes round in circles"
    return made


def _events(world: World, rng: random.Random, *, wild: bool) -> Iterator[Event]:
    """What happens next, until nothing does; each run has its own few kinds of bad luck."""
    chance = rng.random
    left, often = _pick((1, 2, 3, 4, 6), chance()), _pick((0.1, 0.3, 0.9), chance())
    only = frozenset(_pick(NAMES_OF_FAULTS, chance()) for _ in range(1 + int(8 * chance())))
    for name in only & TOGETHER.keys():
        only |= TOGETHER[name]
    laziness = _pick((0.0, 0.3, 0.8), chance())
    if "look at the plan" in only:  # of which nothing comes if it is decided on at once
        left, laziness = 6, 0.8
    if wild:
        left, often, only, laziness = 40, 0.3, ALL_FAULTS, 0.6
    while True:
        if left and chance() < often and (wrong := faults(world, only)):
            left -= 1
            yield _pick(wrong, chance())
            continue
        ahead = progress(world)
        if not ahead:
            return
        event = ahead[0] if len(ahead) == 1 else _pick(ahead, chance())
        if event[0] in _PEOPLE and chance() < laziness and next_time(world):
            event, laziness = ("pass",), laziness - 0.02
        yield event


def _pick(some: Sequence[T], chance: float) -> T:
    return some[int(len(some) * chance)]


Place = tuple[str, str, str | None]


def places(world: World) -> list[Place]:
    """Where each item is: the state of its request, the stage of its task, and its own."""
    state = world.request.state.value
    stages = {task.connector: task.stage.value for task in world.tasks}
    return [(state, stages[i.connector], i.state and i.state.value) for i in world.items]


def whose_turn(world: World) -> tuple[str, str | None]:
    waits = world.request.waiting_for
    return world.request.state.value, waits and waits.value


def note(seen: Seen, before: Any, world: World) -> None:
    """Counts the state, and the step of every item and of the request that led to it."""
    if seen.states is not None:
        seen.states.add(hash(world.frozen()))
    after = (*places(world), whose_turn(world))
    seen.steps.update(step for step in zip(before, after, strict=True) if step[0] != step[1])


def told(world: World, events: Iterable[Event]) -> Iterator[str]:
    """A run, event by event, and what it left: for people to read."""
    for number, event in enumerate(events, 1):
        words = " ".join(str(word) for word in event)
        try:
            happen(world, event)
        except BrokenError as error:
            yield f"{number:4} {words}\n     *** {error}"
            return
        yield f"{number:4} {words:32} {_summary(world)}"


def _summary(world: World) -> str:
    request = world.request
    waits = f" for {request.waiting_for}" if request.waiting_for else ""
    tasks = ", ".join(
        f"{t.connector}: {t.stage}{f' {t.attempts}x' if t.attempts else ''}"
        + "".join(
            f" {i.digest}={i.state}" for i in world.items if i.connector == t.connector and i.state
        )
        for t in world.tasks
    )
    return f"{request.state}{waits} | {tasks}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--seed", type=int, help="this run alone, event by event")
    parser.add_argument("--plant", type=Bug, action="append", default=[], choices=list(Bug))
    given = parser.parse_args(arguments)
    bugs = frozenset(given.plant)
    if given.seed is not None:
        return _show(given.seed, bugs)
    began = time.perf_counter()
    last = given.first + given.seeds
    shares = [(given.first + n, last, given.jobs, bugs) for n in range(given.jobs)]
    with ProcessPoolExecutor(given.jobs) as pool:
        done = list(pool.map(_share, shares))
    broken = min((share.broken for share in done if share.broken is not None), default=None)
    if broken is not None:
        return _show(broken, bugs)
    print(_figures(given.seeds, time.perf_counter() - began, done))
    return 0


@dataclass(slots=True)
class Share:
    """What one process went through: every so manieth seed, up to the first that breaks."""

    events: int = 0
    seconds: float = 0.0  # of CPU
    broken: int | None = None
    seen: Seen = field(default_factory=Seen)


def _share(which: tuple[int, int, int, frozenset[Bug]]) -> Share:
    first, last, step, bugs = which
    share, began = Share(), time.process_time()
    for number, seed in enumerate(range(first, last, step)):
        made = run(seed, bugs, None if number % SAMPLE else share.seen)
        share.events += len(made.events)
        if made.broken is not None:
            share.broken = seed
            break
    share.seconds = time.process_time() - began
    return share


def _show(seed: int, bugs: frozenset[Bug]) -> int:
    """One run as a trace, and how to see it again."""
    made = run(seed, bugs)
    print(*told(begin(random.Random(seed), bugs), made.events), sep="\n")  # noqa: S311 -- repeatable
    if made.broken is None:
        print(f"seed {seed}: all that has to hold holds")
        return 0
    planted = "".join(f" --plant {bug}" for bug in sorted(bugs))
    print(
        f"seed {seed} breaks: {made.broken}\nagain: make simulate SEED={seed}{planted and ' PLANT=' + planted.split()[-1]}"
    )
    return 1


def _figures(seeds: int, took: float, shares: Sequence[Share]) -> str:
    events, seconds = sum(s.events for s in shares), sum(s.seconds for s in shares)
    steps = {step for share in shares for step in share.seen.steps}
    states = len({state for share in shares for state in share.seen.states or ()})
    turns = sum(len(before) == _TURN for before, _ in steps)
    return (
        f"{seeds} seeds, {events} events, nothing broken\n"
        f"{seeds / took:.0f} seeds/s with {len(shares)} processes in {took:.1f} s;"
        f" {seeds / seconds:.0f} seeds and {events / seconds:.0f} events per second of CPU time\n"
        f"in one seed of {SAMPLE}: {states} distinct states, {turns} steps between states of a request,"
        f" {len(steps) - turns} between places of an item"
    )


if __name__ == "__main__":
    sys.exit(main())
