"""What may happen next in a moment, and what then is: one model for chance and for exhaustion.

`progress` is what goes on by itself, `faults` what only bad luck brings; `happen` does one event.
An event is a tuple of its name and its arguments, so a run is a list that can be read and repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from avgate_gateway.flow.waking import _tries
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage

from . import carrying, people
from .as_rows import tasks_of
from .checks import VISIBLE_WITHIN, check_moment, check_rest
from .upstreams import ANSWERS, LOOKS, WRITES
from .world import LEASE, NAMES, BrokenError, Worker, World

Event = tuple[Any, ...]
STEPS = {timedelta(hours=-1): "an hour back", timedelta(days=1): "a day on"}
OUTAGES = (timedelta(seconds=20), timedelta(hours=1), timedelta(days=4))
_ENDS = ("die", "freeze", "cut off")
_COMMITS = ("no commit", "lost commit")
_FATES = {
    "look": LOOKS,
    "erase": WRITES,
    "confirm": ANSWERS,
    "read": LOOKS[:2],
    "verify": LOOKS[:2],
    "watch": LOOKS[:2],
}
_WORLDLY = frozenset({"appear", "vanish", "outage", "service runs", "come back", "clock", "pass"})
_WHIMS = frozenset({"cancel", "reject", "look at the plan", "approve what was seen", "retry"})
# Likelier ones are named more often.
NAMES_OF_FAULTS = (
    "die", "die", "freeze", "freeze", "freeze", "cut off", "no commit", "lost commit", "lost commit",
    "lose wake", "double wake", "appear", "appear", "vanish", "outage", "service runs",
    "come back", "clock", "cancel", "reject", "look at the plan", "look at the plan",
    "look at the plan", "retry", "lost after", *LOOKS, *WRITES, *ANSWERS,
)  # fmt: skip


_WORKERS = range(8)
_TAKE = [("take", number) for number in _WORKERS]
_STEP = [("step", number) for number in _WORKERS]
_HAND = [[("hand", number, c) for c in range(len(NAMES))] for number in _WORKERS]


def busy(world: World) -> list[Event]:
    """What programs have to do now."""
    events: list[Event] = []
    for number, worker in enumerate(world.workers):
        if worker.is_dead or worker.is_frozen:
            continue
        if worker.phase is None:
            if not worker.is_cut_off and carrying.may_be_taken(world):
                events.append(_TAKE[number])
        elif any(worker.hands):
            mine = _HAND[number]
            events += [mine[c] for c, hand in enumerate(worker.hands) if hand is not None]
        else:
            events.append(_STEP[number])
    return events


def progress(world: World) -> list[Event]:
    """What goes on by itself: work first, then people and recovery, and else time passes."""
    events = busy(world)
    if events:
        return events
    for number, worker in enumerate(world.workers):
        if worker.is_dead:
            events.append(("restart", number))
        elif worker.is_frozen:
            events.append(("thaw", number))
        elif worker.is_cut_off:
            events.append(("mend", number))
    asked = people.asked(world)
    if any(worker.is_up and not worker.is_cut_off for worker in world.workers) and not asked:
        events += [("pass",)] if next_time(world) is not None else []
    return events + asked


def next_time(world: World) -> datetime | None:
    """When time next makes a difference, by the true clock; None: it never does.

    Looks at a request that is merely waited for find nothing and write nothing: they are skipped.
    """
    request, wall = world.request, world.wall
    if request.holder is not None and request.lease_until > world.now:
        return request.lease_until
    if request.wake_at is None or request.wake_at <= wall:
        return None
    wake = request.wake_at
    if request.waiting_for is WaitingFor.UPSTREAM:
        tries = _tries(tasks_of(world), carrying.looks_of(world), wall, ())
        wake = max(wake, min(tries, default=wake))
    return wake - world.offset


ALL_FAULTS = frozenset({*NAMES_OF_FAULTS, "approve what was seen"})
TOGETHER = {
    "look at the plan": frozenset({"approve what was seen", "appear"}),
    "ambiguous": frozenset({"retry", "no"}),
}


@cache
def _among(names: tuple[str, ...], only: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in only)


def faults(world: World, only: frozenset[str] = ALL_FAULTS) -> list[Event]:
    """What may go wrong now, of what is named in `only`."""
    events: list[Event] = []
    for number, worker in enumerate(world.workers):
        if worker.phase is not None and worker.is_up:
            events += _at_work(worker, number, only)
    if world.wakes and "lose wake" in only:
        events.append(("lose wake",))
    if world.wakes < 2 and "double wake" in only and world.request.state is not State.CLOSED:
        events.append(("double wake",))
    if not only.isdisjoint(_WORLDLY) and world.request.closing is None:
        events += [event for event in _worldly(world) if event[0] in only]
    if not only.isdisjoint(_WHIMS):
        events += [event for event in people.whims(world) if event[0] in only]
    return events


def _at_work(worker: Worker, number: int, only: frozenset[str]) -> Iterator[Event]:
    """To a worker that is in the middle of something, and to what it is at."""
    for name in _among(_ENDS, only):
        yield name, number
    if not any(worker.hands):
        for fate in _among(_COMMITS, only):
            yield "step", number, fate
    for c, hand in enumerate(worker.hands):
        if hand is not None:
            for fate in _among(_FATES.get(hand[0], _COMMITS), only):
                yield "hand", number, c, fate


def _worldly(world: World) -> list[Event]:
    """What upstreams and clocks do without being asked."""
    events: list[Event] = []
    for c, upstream in enumerate(world.upstreams):
        if world.request.plan_digest is not None:  # before that it makes no difference
            events += [("appear", c, n) for n in upstream.hidden]
        if world.request.closed_at is None:
            events += [("vanish", c, n) for n in upstream.held]
            if upstream.down_until is None:
                events += [("outage", c, number) for number in range(len(OUTAGES))]
            if upstream.runs_until is None:
                events.append(("service runs", c))
        if upstream.relists and world.tasks[c].stage is Stage.DONE:
            events += [("come back", c, n) for n, _ in upstream.effects if n not in upstream.back]
    if not world.offset:
        events += [("clock", step) for step in STEPS]
    if world.request.waiting_for in {WaitingFor.APPROVAL, WaitingFor.PERSON} and not busy(world):
        events.append(("pass",))
    return events


def happen(world: World, event: Event) -> None:
    """Does it, and looks whether all that has to hold still does; raises BrokenError."""
    name, *arguments = event
    _HAPPENINGS[name](world, *arguments)
    check_moment(world)
    if world.request.holder is None and name not in _LEAVES_ROWS:
        check_rest(world)


def step(world: World, event: Event) -> World:
    """The moment after; the one before stays as it was."""
    after = world.copy()
    happen(after, event)
    return after


def _pass(world: World) -> None:
    """Time goes on to when it next makes a difference; nothing that is due waits so long."""
    then = next_time(world)
    if then is None:
        return
    due = world.request.wake_at
    if due is not None and due <= world.wall and then - world.now > VISIBLE_WITHIN:
        raise BrokenError("it is due for more than a minute, and nobody looks at it")
    world.now = then


def renew(world: World) -> None:
    """A worker that is well keeps its claim."""
    request = world.request
    if request.holder is None:
        return
    holder = world.workers[request.holder]
    if holder.is_up and not holder.is_cut_off and holder.fence == request.fence:
        request.lease_until = max(request.lease_until, world.now + LEASE)


def _hand(world: World, number: int, c: int, fate: str = "ok") -> None:
    before = world.now
    carrying.hand_step(world, number, c, fate)
    if world.now is not before:
        renew(world)


def _die(world: World, number: int) -> None:
    world.workers[number].drop()
    world.workers[number].is_dead = True


def _set(name: str, *, value: bool) -> Callable[[World, int], None]:
    def change(world: World, number: int) -> None:
        setattr(world.workers[number], name, value)
        renew(world)

    return change


def _wakes(change: int) -> Callable[[World], None]:
    def count(world: World) -> None:
        world.wakes += change

    return count


def _appear(world: World, c: int, n: int) -> None:
    upstream = world.upstreams[c]
    upstream.hidden, upstream.held = upstream.hidden - {n}, upstream.held | {n}


def _vanish(world: World, c: int, n: int) -> None:
    upstream = world.upstreams[c]
    upstream.vanished, upstream.held = upstream.vanished | {n}, upstream.held - {n}
    if world.items[n].state not in {None, ItemState.LOCATED}:
        world.items[n].asked += 2  # whether it went by us is anybody's guess


def _come_back(world: World, c: int, n: int) -> None:
    upstream = world.upstreams[c]
    upstream.back, upstream.held = upstream.back | {n}, upstream.held | {n}


def _outage(world: World, c: int, which: int) -> None:
    world.upstreams[c].down_until = world.now + OUTAGES[which]


def _service_runs(world: World, c: int) -> None:
    world.upstreams[c].runs_until = world.now + timedelta(days=2)


def _clock(world: World, by: timedelta) -> None:
    world.offset += by


_LEAVES_ROWS = frozenset({"pass", "lose wake", "double wake", *_ENDS, "restart", "thaw", "mend"})
_HAPPENINGS: dict[str, Callable[..., None]] = {
    "take": carrying.take,
    "step": carrying.step,
    "hand": _hand,
    "pass": _pass,
    "die": _die,
    "restart": _set("is_dead", value=False),
    "freeze": _set("is_frozen", value=True),
    "thaw": _set("is_frozen", value=False),
    "cut off": _set("is_cut_off", value=True),
    "mend": _set("is_cut_off", value=False),
    "lose wake": _wakes(-1),
    "double wake": _wakes(1),
    "appear": _appear,
    "vanish": _vanish,
    "come back": _come_back,
    "outage": _outage,
    "service runs": _service_runs,
    "clock": _clock,
    **people.HAPPENINGS,
}
