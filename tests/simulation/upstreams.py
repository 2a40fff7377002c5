"""How upstreams answer: well, or by one of the ways in which they do not.

Each keeps its own book, which the gateway cannot write: what went by which key, and what was ordered
and not done yet. It refuses to be asked for what nobody intended, approved or may have.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from avgate_gateway.flow.doubting import is_ambiguous

from .as_rows import tasks_of
from .decisions import CONFIRMED_AFTER, SCHEDULED_AFTER
from .world import BrokenError, Upstream, World

LOOKS = ("down", "no", "ambiguous")  # how a look may fail
WRITES = (
    "down", "lost before", "lost after", "never", "refused", "running", "failed", "silent",
    "first only", "not found", "lie", "fault after", "schedule", "schedule and forget",
)  # fmt: skip
ANSWERS = ("down", "later", "failed", "refused", "lie")
_LATER = {"pending": CONFIRMED_AFTER, "scheduled": SCHEDULED_AFTER}
NEVER = timedelta(seconds=30)  # a call ends then at the latest


class TroubleError(Exception):
    """The call failed; the argument names the trouble."""


def enter(world: World, upstream: Upstream, fate: str) -> None:
    """Whatever is due happens first; then the call may fail."""
    carry_out(world, upstream)
    if upstream.down_until is not None and world.now < upstream.down_until:
        raise TroubleError("down")
    if fate in {"down", "no", "ambiguous"}:
        raise TroubleError(fate)


def carry_out(world: World, upstream: Upstream) -> None:
    """Does the jobs whose time has come."""
    if not upstream.jobs:
        return
    for key, numbers, due in upstream.jobs:
        if due <= world.now:
            _remove(upstream, numbers, key)
    upstream.jobs = tuple(job for job in upstream.jobs if job[2] > world.now)


def erase(
    world: World, upstream: Upstream, numbers: tuple[int, ...], key: str, fate: str, *, current: bool
) -> tuple[str, ...]:  # fmt: skip
    """A word for each item; raises TroubleError. `current`: the asking worker holds the claim."""
    enter(world, upstream, fate)
    _examine(world, upstream, numbers, key, is_current=current)
    if fate in {"lost before", "never"}:
        if fate == "never":
            world.now += NEVER
        return ("unknown",) * len(numbers)
    told = tuple(_erase_one(world, upstream, n, key, fate, n == numbers[0]) for n in numbers)
    for word, after in _LATER.items():
        if word in told and fate != "schedule and forget":
            accepted = tuple(n for n, t in zip(numbers, told, strict=True) if t == word)
            _order(upstream, accepted, key, world.now + after)
    if fate == "lost after":
        return ("unknown",) * len(numbers)
    if fate == "fault after":
        raise TroubleError("fault")
    return told


def _erase_one(  # noqa: PLR0911 -- one per answer
    world: World, upstream: Upstream, number: int, key: str, fate: str, is_first: bool
) -> str:
    if number not in upstream.held:
        return "absent"
    if upstream.runs_until is not None and world.now < upstream.runs_until:
        return "running"
    match fate:
        case "refused" | "failed" | "running":
            return fate
        case "lie":
            return "erased"
        case "not found":
            return "absent"
        case "silent" if is_first:
            return "unknown"
        case "first only" if not is_first:
            return "failed"
        case "schedule" | "schedule and forget":
            return "scheduled"
    if upstream.takes_orders:
        return "pending"
    _remove(upstream, (number,), key)
    return "erased"


def confirm(
    world: World, upstream: Upstream, numbers: tuple[int, ...], key: str, fate: str
) -> tuple[str, ...]:
    enter(world, upstream, fate)
    if any(job[0] == key for job in upstream.jobs):
        if fate in {"failed", "refused"}:  # it came to nothing
            upstream.jobs = tuple(job for job in upstream.jobs if job[0] != key)
            return (fate,) * len(numbers)
        return ("erased" if fate == "lie" else "pending",) * len(numbers)
    if fate == "later":
        return ("pending",) * len(numbers)
    return tuple("failed" if n in upstream.held else "erased" for n in numbers)


def shown(world: World, upstream: Upstream, fate: str) -> frozenset[int]:
    """What it shows of the person."""
    enter(world, upstream, fate)
    return upstream.held


def _remove(upstream: Upstream, numbers: tuple[int, ...], key: str) -> None:
    went = [n for n in numbers if n in upstream.held]
    upstream.held = upstream.held.difference(went)
    upstream.effects += tuple((n, key) for n in went)


def _order(upstream: Upstream, numbers: tuple[int, ...], key: str, due: datetime) -> None:
    """The same key is the same order; one that was asked for again is done no later than it says."""
    before = [job for job in upstream.jobs if job[0] == key]
    others = tuple(job for job in upstream.jobs if job[0] != key)
    upstream.jobs = (*others, (key, numbers, min([due, *(job[2] for job in before)])))


def _examine(
    world: World, upstream: Upstream, numbers: tuple[int, ...], key: str, *, is_current: bool
) -> None:
    where = upstream.name
    if world.intended.get(key) != numbers:
        raise BrokenError(f"{where} is asked for what no evidence intends, or under another's key")
    if world.request.identity is None:
        raise BrokenError(f"{where} is asked before anybody knows who asks")
    if world.said_two or is_ambiguous(tasks_of(world)):
        raise BrokenError(f"{where} is asked to erase though two people fit elsewhere")
    strangers = [n for n in numbers if n not in world.approved]
    if strangers:
        raise BrokenError(f"{where} is asked to erase {strangers}, which nobody approved")
    if not is_current:
        raise BrokenError(f"{where} is asked by a worker whose claim another has taken over")
    ordered = {n for job in upstream.jobs if job[0] != key for n in job[1]}
    again = [n for n in numbers if n in ordered and n not in world.asked_again]
    if again:
        raise BrokenError(f"{where}: {again} ordered twice, under two keys")
    for n in numbers:
        keys = {by for number, by in upstream.effects if number == n}
        renamed = keys and key not in keys and n not in upstream.held
        if renamed and n not in world.asked_again:
            raise BrokenError(f"{where}: {n} went, and is sent again under a new key")
