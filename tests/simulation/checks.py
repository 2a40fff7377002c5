"""What has to hold in every moment, judged by what upstreams hold and not by what we think they do."""

from __future__ import annotations

from datetime import timedelta

from avgate_gateway.flow.doubting import is_ambiguous, is_half_way, may_go
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import UNDER_WAY, ItemState
from avgate_gateway.store.tasks import Stage, TaskCode

from . import decisions
from .as_rows import tasks_of
from .carrying import looks_of
from .world import BEGIN, NAMES, BrokenError, Item, World

MOST_TRIES = decisions.MOST_TRIES
VISIBLE_WITHIN = timedelta(seconds=60)
_PROMISED = decisions.promised_of(BEGIN)
_GONE = frozenset(
    {ItemState.ERASED, ItemState.ANONYMISED, ItemState.ALREADY_GONE, ItemState.DONE_BY_HAND}
)
_UNTOUCHED = frozenset({ItemState.RETAINED, ItemState.BY_HAND, ItemState.LOCATED})
_ON_THE_WAY = frozenset({*UNDER_WAY, ItemState.UNKNOWN})
_WATCHED_FOR = frozenset({ItemState.RETAINED, ItemState.SCHEDULED})


def check_moment(world: World) -> None:
    """What holds at any moment, also in the middle of the work."""
    request = world.request
    holders, fence = 0, request.fence
    for worker in world.workers:
        if worker.fence == fence:
            holders += 1
    if holders > 1:
        raise BrokenError("two workers are at it under the same fence")
    if request.promised is not _PROMISED and request.promised != _PROMISED:
        raise BrokenError("the promised day has moved")
    for task in world.tasks:
        if task.attempts > MOST_TRIES:
            raise BrokenError(f"{task.connector} was tried {task.attempts} times")
    if request.closing is not None and request.state is not State.CLOSED:
        raise BrokenError("it was withdrawn, and goes on")


def check_rest(world: World) -> None:
    """What holds whenever no worker is at it."""
    request = world.request
    _check_wake_up(world)
    soon = world.wall + VISIBLE_WITHIN + max(-world.offset, timedelta())
    if request.wake_at is not None and request.wake_at <= soon:
        return  # there is more to do, and it is about to be done
    for c, task in enumerate(world.tasks):
        _check_task(world, c, task.stage, task.code)
    if request.closing is None:
        _check_doubt(world)
    for item in world.items:
        if item.state is not None:
            _check_item(world, item)
    if request.state is State.CLOSED and request.closing is None:
        for item in world.items:
            _check_truth(world, item)
    elif request.closing is not None and any(u.effects for u in world.upstreams):
        raise BrokenError("it was withdrawn or refused, and an upstream erased something")


def _check_wake_up(world: World) -> None:
    request, now = world.request, world.wall
    if request.state is not State.CLOSED and request.wake_at is None:
        if request.waiting_for is not WaitingFor.IDENTITY:
            raise BrokenError("it is open, and nobody will look at it")
        return
    if request.closing is not None or request.identity is None:
        return
    looks = looks_of(world)
    # Where the clock was put back, all that was set before is that much later: by its own time.
    now += max(-world.offset, timedelta())
    for task in world.tasks:
        if task.stage.is_active:
            latest = max(task.next_attempt_at or now, now) + VISIBLE_WITHIN
        elif task.stage is Stage.DONE and task.connector in looks:
            latest = max(looks[task.connector], task.next_attempt_at or now, now) + VISIBLE_WITHIN
        else:
            continue
        if request.wake_at is None or request.wake_at > latest:
            raise BrokenError(f"nobody will look at {task.connector} in time")


def _check_task(world: World, c: int, stage: Stage, code: TaskCode | None) -> None:
    if world.request.closing is not None:
        return
    is_ours = stage is Stage.STUCK and code is not TaskCode.HELD_BACK
    if is_ours and (c, "stuck") not in world.hand_tasks:
        raise BrokenError(f"{NAMES[c]} is stuck, and nobody is asked")
    if world.request.state is State.CLOSED and stage in {Stage.LOCATE, Stage.LOCATED}:
        raise BrokenError(f"it is closed, and {NAMES[c]} is at {stage}")


def _check_doubt(world: World) -> None:
    """While two people fit, nothing is carried out; and nothing is held for longer than that."""
    all_tasks = tasks_of(world)
    for task in all_tasks if is_ambiguous(all_tasks) else ():
        if task.stage is Stage.EXECUTE:
            raise BrokenError(f"two people fit, and {task.connector} goes on")
    for task in may_go(all_tasks):
        raise BrokenError(f"{task.connector} is held for no reason any more")


def _check_item(world: World, item: Item) -> None:
    c = NAMES.index(item.connector)
    stage, state = world.tasks[c].stage, item.state
    where = f"{item.digest} is {state}, its task {stage}"
    if world.request.closing is not None:
        if state is not ItemState.LOCATED:
            raise BrokenError(f"withdrawn half-way: {where}")
    elif state is ItemState.LOCATED:
        asked = any(task[0] == c for task in world.hand_tasks)
        if not (stage.is_active or stage is Stage.LOCATED or asked):
            raise BrokenError(f"stranded: {where}")
    elif state is not None and (state in _ON_THE_WAY or item.is_left_to_people):
        asked = (c, "stuck") in world.hand_tasks or (c, state.value) in world.hand_tasks
        asked = asked or is_half_way(
            tasks_of(world)[c]
        )  # of the one that said so a person is asked
        if not (stage.is_active or asked):
            raise BrokenError(f"nobody sees to it: {where}")
    elif state in _WATCHED_FOR and item.look_at is None:
        raise BrokenError(f"nobody will look again: {where}")


def _check_truth(world: World, item: Item) -> None:
    """A closed request says what is so."""
    c = NAMES.index(item.connector)
    upstream, task, n = world.upstreams[c], world.tasks[c], item.number
    if task.stage is not Stage.DONE or task.code is not None:
        return  # it was not looked at, or people did it
    effects = sum(number == n for number, _ in upstream.effects)
    if effects > 1 and n not in upstream.back:
        raise BrokenError(f"{item.digest} was erased {effects} times")
    if item.state is None or n in upstream.back or n in world.asked_again:
        return
    if item.state in _GONE and n in upstream.held:
        raise BrokenError(f"{item.digest} is said to be {item.state}, and is still there")
    if item.state is ItemState.ERASED and not effects and n not in upstream.vanished:
        raise BrokenError(f"{item.digest} is said to be erased, and was not")
    if item.state in _UNTOUCHED and effects:
        raise BrokenError(f"{item.digest} is said to be {item.state}, and was erased")
    if item.state is ItemState.REFUSED and effects:
        raise BrokenError(f"{item.digest} is said to be refused, and was erased")
    if item.state is ItemState.ERASED and item.asked == 1 and not effects:
        raise BrokenError(f"{item.digest} is said to be erased by us, and was not there")


def check_end(world: World) -> None:
    """What holds when nothing is left to happen."""
    request = world.request
    if request.state is not State.CLOSED or request.wake_at is not None or world.hand_tasks:
        raise BrokenError("it stands still, and nothing will ever move it")
    if request.has_key:
        raise BrokenError("the key of the subject is never destroyed")
    check_rest(world)
