"""What a worker does with one connector: the calls and the durable writes, each a step by itself.

Mirrors `flow/running`, `locating`, `executing`, `confirming`, `verifying` and `later`. A hand is what
a worker is at: (step, stage that was loaded, item numbers, key or word, what was told). A step is one
call or one transaction, so that the process may die between any two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from avgate_gateway.flow import executing, later, planning
from avgate_gateway.flow.doubting import is_ambiguous
from avgate_gateway.request import COPIES
from avgate_gateway.retention import Action
from avgate_gateway.store.item import VERIFIED, WATCHED, ItemState
from avgate_gateway.store.tasks import Stage, TaskCode

from . import decisions, upstreams
from .as_rows import tasks_of
from .bugs import Bug
from .upstreams import TroubleError
from .world import BrokenError, Item, Task, Worker, World

Hand = tuple[Any, ...] | None
NO_ITEMS: tuple[int, ...] = ()
_GONE = frozenset({ItemState.ERASED, ItemState.ALREADY_GONE, ItemState.ANONYMISED})
_RENAMED = frozenset({Bug.BLIND_RESEND, Bug.KEY_AFTER_LOOK})
_SAID = frozenset({ItemState.DONE_BY_HAND})


def begin(world: World, c: int, stage: Stage) -> Hand:
    """The first step of a stage."""
    match stage:
        case Stage.LOCATE:
            return ("look", stage, NO_ITEMS, "", ()) if world.request.has_key else None
        case Stage.EXECUTE:
            return _execute(world, c, has_looked=False)
        case Stage.CONFIRM:
            return _confirm_next(world, _due_jobs(world, c))
        case Stage.VERIFY:
            claimed = _numbers(
                i for i in world.items_of(c) if _is_unverified(i) or i.state in _SAID
            )
            return ("verify" if claimed else "finish", stage, claimed, "", ())
        case Stage.DONE:
            return _watch(world, c)
    return None


def _numbers(items: Iterable[Item]) -> tuple[int, ...]:
    return tuple(item.number for item in items)


def _execute(world: World, c: int, *, has_looked: bool = True) -> Hand:
    """What is lost again after it was looked at waits, and is looked at later."""
    stage, approved, lost = Stage.EXECUTE, [], []
    for item in world.items_of(c):
        if item.state is ItemState.INTENDED and Bug.INTENTION_FORGOTTEN not in world.bugs:
            return _begun(world, c, item)
        if item.state is ItemState.APPROVED:
            approved.append(item)
        elif item.state is ItemState.UNKNOWN and item.looks < executing._LOOKS_AT_UNKNOWN:
            lost.append(item)
    if approved:
        batch = [item for item in approved if item.tries == approved[0].tries]
        key = decisions.batch_key(batch[0].connector, batch[0].digest, batch[0].tries)
        step = "erase" if Bug.EFFECT_FIRST in world.bugs else "intend"
        return (step, stage, _numbers(batch), key, False)
    lost.sort(key=lambda item: item.looks)
    if lost and has_looked and lost[0].looks:
        return ("trouble", stage, NO_ITEMS, "lost", ())
    if lost:
        lost = [item for item in lost if item.batch == lost[0].batch]
        step = "read back" if Bug.BLIND_RESEND in world.bugs else "read"
        return (step, stage, _numbers(lost), lost[0].batch, frozenset(_numbers(lost)))
    return ("next", stage, NO_ITEMS, "", ())


def _begun(world: World, c: int, first: Item) -> Hand:
    """A batch whose outcome is not on disk is sent again as it was."""
    batch = [i for i in world.items_of(c) if i.batch == first.batch]
    batch = [i for i in batch if i.state is ItemState.INTENDED]
    if Bug.KEY_BY_ATTEMPT in world.bugs:
        return ("intend", Stage.EXECUTE, _numbers(batch), f"{first.batch}'", False)
    return ("erase", Stage.EXECUTE, _numbers(batch), first.batch, True)


def _due_jobs(world: World, c: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    jobs: dict[str, list[int]] = {}
    for item in world.items_of(c):
        if item.state is ItemState.PENDING and item.look_at and item.look_at <= world.wall:
            jobs.setdefault(item.job or "", []).append(item.number)
    return tuple((job, tuple(numbers)) for job, numbers in sorted(jobs.items()))


def _confirm_next(world: World, jobs: tuple[tuple[str, tuple[int, ...]], ...]) -> Hand:
    if not jobs:
        return ("next", Stage.CONFIRM, NO_ITEMS, "", ())
    return ("confirm", Stage.CONFIRM, jobs[0][1], jobs[0][0], jobs[1:])


def _watch(world: World, c: int) -> Hand:
    now = world.wall
    due = [i for i in world.items_of(c) if i.state in WATCHED and i.look_at and i.look_at <= now]
    if due:
        same = [i for i in due if i.state is due[0].state]
        return ("watch", Stage.DONE, _numbers(same), due[0].state, ())
    return ("untroubled", Stage.DONE, NO_ITEMS, "", ()) if world.tasks[c].attempts else None


def _is_unverified(item: Item) -> bool:
    """Whether it is said to be gone, and nobody has looked since."""
    return item.state in _GONE and item.batch != VERIFIED


CALLS = frozenset({"look", "erase", "read", "confirm", "verify", "watch"})


def call(world: World, worker: Worker, c: int, fate: str) -> Hand:  # noqa: PLR0911 -- one per call
    """One call to the upstream; what comes of it is the next step, which writes."""
    step, stage, numbers, key, more = worker.hand(c)
    upstream = world.upstreams[c]
    try:
        match step:
            case "look":
                fate = "ambiguous" if upstream.fits_two and fate == "ok" else fate
                return ("located", stage, NO_ITEMS, "", upstreams.shown(world, upstream, fate))
            case "erase":
                is_current = worker.fence == world.request.fence
                told = upstreams.erase(world, upstream, numbers, key, fate, current=is_current)
                return ("ended", stage, numbers, key, (told, more))
            case "confirm":
                told = upstreams.confirm(world, upstream, numbers, key, fate)
                return ("answered", stage, numbers, key, (told, more))
            case "read":
                held = upstreams.shown(world, upstream, fate)
                return ("read back", stage, numbers, key, held.intersection(numbers))
            case "verify":
                still = upstreams.shown(world, upstream, fate).intersection(numbers)
                if Bug.UNVERIFIED in world.bugs:
                    still = frozenset()
                return ("withdraw" if still else "finish", stage, numbers, "", still)
        return ("watched", stage, numbers, key, upstreams.shown(world, upstream, fate))
    except TroubleError as error:
        return ("trouble", stage, NO_ITEMS, error.args[0], ())


def write(world: World, worker: Worker, c: int) -> Hand:  # noqa: C901, PLR0911, PLR0912 -- one per write
    """One transaction; the next step, or None where this connector has to wait."""
    step, stage, numbers, key, more = worker.hand(c)
    task = world.tasks[c]
    match step:
        case "located":
            world.said_two -= {c}
            _locate(world, c, task, more)
        case "intend":
            if is_in_doubt(world):
                return None
            _intend(world, numbers, key)
            return ("erase", stage, numbers, key, False)
        case "ended":
            _end(world, task, numbers, key, *more)
            return _execute(world, c)
        case "read back":
            _read_back(world, c, numbers, key, more)
            return _execute(world, c)
        case "answered":
            _end(world, task, numbers, key, more[0], False)
            return _confirm_next(world, more[1])
        case "next":
            _next_stage(world, c, task)
        case "withdraw":
            for n in more:
                world.items[n].set(decisions.STILL)
            return ("finish", stage, NO_ITEMS, "", ())
        case "finish":
            for item in filter(_is_unverified, world.items_of(c)):
                item.batch = VERIFIED
            task.move(Stage.DONE)
            if world.upstreams[c].relists:
                _schedule_looks(world, c)
        case "watched":
            _WATCHERS[key](world, c, numbers, more)
            return _watch(world, c) if task.stage is Stage.DONE else begin(world, c, task.stage)
        case "untroubled":
            task.attempts, task.next_attempt_at, task.code = 0, None, None
        case "trouble":
            _trouble(world, c, task, stage, key)
            return None
    return moved(world, c, stage)


def moved(world: World, c: int, before: Stage) -> Hand:
    """The first step of the stage that it came to, if that can run at once."""
    task = world.tasks[c]
    waits = task.next_attempt_at is not None and task.next_attempt_at > world.wall
    if task.stage is before or not task.stage.is_active or waits:
        return None
    return begin(world, c, task.stage)


def _locate(world: World, c: int, task: Task, held: frozenset[int]) -> None:
    is_copy = world.request.operation in COPIES
    for item in world.items_of(c):
        if item.state is ItemState.LOCATED:
            item.forget()
    for n in () if is_copy else held:
        item = world.items[n]
        if item.state is None:
            item.forget()
            item.state = ItemState.LOCATED
    task.move(Stage.DONE if is_copy else Stage.LOCATED)


def is_in_doubt(world: World) -> bool:
    """Whether nothing more is to be sent anywhere: the parts of a request tell each other at once."""
    return is_ambiguous(tasks_of(world)) and Bug.APPROVED_GOES_ON not in world.bugs


def _intend(world: World, numbers: tuple[int, ...], key: str) -> None:
    if is_ambiguous(tasks_of(world)):
        raise BrokenError("something is intended though two people fit")
    for n in numbers:
        item = world.items[n]
        item.state, item.batch = ItemState.INTENDED, key
    world.intended[key] = numbers


def _end(
    world: World, task: Task, numbers: tuple[int, ...], key: str, told: tuple[str, ...], is_repeat: bool
) -> None:  # fmt: skip
    if key not in world.intended:
        raise BrokenError("the evidence tells of an outcome before its intention")
    now = world.wall
    for n, word in zip(numbers, told, strict=True):
        if word == "absent" and Bug.NOT_FOUND_IS_DONE in world.bugs:
            word = "erased"  # noqa: PLW2901 -- the bug hears something else
        item = world.items[n]
        item.set(decisions.columns(word, now, key, is_repeat=is_repeat))
        item.asked += 1 + (is_repeat or word == "unknown")
    task.attempts, task.next_attempt_at, task.code = 0, None, None
    world.ended |= {key}


def _read_back(
    world: World, c: int, numbers: tuple[int, ...], key: str, held: frozenset[int]
) -> None:
    """What is gone went by us; where anything is left, the whole batch goes again by its name."""
    sent = [item for item in world.items_of(c) if item.batch == key]
    if held and not world.bugs & _RENAMED and all(i.state in executing._REPEATABLE for i in sent):
        for item in sent:
            item.state, item.code, item.look_at = ItemState.INTENDED, None, None
            item.looks += 1
        return
    for n in numbers:
        item = world.items[n]
        if n in held:
            item.state, item.code = ItemState.APPROVED, None
            item.looks, item.tries = item.looks + 1, item.tries + 1
        else:
            item.set(decisions.columns("erased", world.wall, "", is_repeat=False))


def _next_stage(world: World, c: int, task: Task) -> None:
    looks = [i.look_at for i in world.items_of(c) if i.state is ItemState.PENDING and i.look_at]
    if looks:
        task.move(Stage.CONFIRM, at=min(looks))
    else:
        task.move(Stage.VERIFY)


def _schedule_looks(world: World, c: int) -> None:
    for item in world.items_of(c):
        fresh = item.look_at is None and item.looks < len(later._LOOKS)
        if item.state is ItemState.ERASED and fresh:
            item.look_at, item.looks = world.wall + later._LOOKS[0], 0


def _trouble(world: World, c: int, task: Task, stage: Stage, word: str) -> None:
    trouble = decisions.TROUBLES[word]
    task.attempts += 1
    delay = trouble.delay(task.attempts, is_another=task.code not in {None, trouble.code})
    if Bug.UNBOUNDED in world.bugs:
        delay = delay or 86_400
    task.code = trouble.code
    if trouble.code is TaskCode.AMBIGUOUS:
        world.said_two |= {c}
        task.said_two = Bug.DOUBT_FORGOTTEN not in world.bugs
    task.next_attempt_at = None if delay is None else world.wall + timedelta(seconds=delay)
    if delay is None:
        task.stage, task.resume = Stage.STUCK, stage


def _fall_due(world: World, c: int, numbers: tuple[int, ...], held: frozenset[int]) -> None:
    """Kept items whose day has come, and refusals that may have ended."""
    goes = False
    for n in numbers:
        item = world.items[n]
        if n not in held:
            item.set(decisions.columns("gone", world.wall, "", is_repeat=False))
            continue
        verdict = decisions.verdict_of(item.kind, world.wall)
        if verdict.action is Action.RETAIN:
            item.look_at = planning.next_look(verdict, world.wall)
            item.code = verdict.ground.code.value
        else:
            item.state, item.look_at, item.code = ItemState.APPROVED, None, None
            item.looks, item.tries, item.action = 0, item.tries + 1, verdict.action.value
            goes = True
    if goes:
        world.tasks[c].move(Stage.EXECUTE)


def _came_about(world: World, c: int, numbers: tuple[int, ...], held: frozenset[int]) -> None:
    """The day of a scheduled effect has come."""
    for n in numbers:
        late = n in held
        world.items[n].set(
            decisions.LATE if late else decisions.columns("erased", world.wall, "", is_repeat=False)
        )


def _looked_again(world: World, c: int, numbers: tuple[int, ...], held: frozenset[int]) -> None:
    for n in numbers:
        item = world.items[n]
        if n in held:
            item.set(decisions.RETURNED)
            item.state = ItemState.RETURNED
        else:
            item.looks += 1
            over = item.looks >= len(later._LOOKS)
            item.look_at = None if over else world.wall + later._LOOKS[item.looks]


_WATCHERS: dict[ItemState, Callable[[World, int, tuple[int, ...], frozenset[int]], None]] = {
    ItemState.RETAINED: _fall_due,
    ItemState.REFUSED: _fall_due,
    ItemState.SCHEDULED: _came_about,
    ItemState.ERASED: _looked_again,
}
