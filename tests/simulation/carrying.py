"""What a worker does with the request as a whole: mirrors `flow/advance`, `settling` and `shred`.

Claims are leases with a fence that only grows. Whoever holds the claim goes through the phases; a
phase that has nothing to write costs no step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from avgate_gateway.flow import doubting, settling
from avgate_gateway.flow.advance import _has_lapsed, is_plannable
from avgate_gateway.flow.doubting import is_ambiguous
from avgate_gateway.flow.planning import POLICY
from avgate_gateway.flow.running import with_work
from avgate_gateway.flow.settling import awaits_approval
from avgate_gateway.flow.waking import wake_at
from avgate_gateway.request import COPIES, Approval, State
from avgate_gateway.store.begun import _UNBEGUN
from avgate_gateway.store.item import LEFT_TO_PEOPLE, UNDER_WAY, WATCHED, ItemState
from avgate_gateway.store.item_steps import _RELEASED
from avgate_gateway.store.tasks import Stage, TaskCode

from . import decisions, working
from .as_rows import group_of, having, request_of, tasks_of
from .bugs import Bug
from .decisions import KEYS_KEPT, PLAN_VALID
from .world import LEASE, NAMES, BrokenError, Task, Worker, World

EXEMPT = "robot"  # its plans are approved by the controller's policy
_AFTER_A_FAULT = timedelta(seconds=30)
_CARRY = ("take up", "lapse", "run", "plan", "policy", "rerun", "settle")
_CLOSED = ("run", "settle", "shred")
_NEXT = dict(zip(_CARRY, (*_CARRY[1:], None), strict=True))
_NEXT_CLOSED = dict(zip(_CLOSED, (*_CLOSED[1:], None), strict=True))


def may_be_taken(world: World) -> bool:
    """Whether a worker may claim the request now, and has a reason to."""
    request, bugs = world.request, world.bugs
    is_held = request.holder is not None and Bug.SHARED_CLAIM not in bugs
    if is_held and (request.lease_until > world.now or Bug.LEASE_FOR_EVER in bugs):
        return False
    if world.wakes:
        return True
    is_due = request.wake_at is not None and request.wake_at <= world.wall
    return is_due and Bug.SWEEP_OFF not in bugs


def take(world: World, number: int) -> None:
    """Claims the request under a new fence, and loads it."""
    worker, request = world.workers[number], world.request
    world.wakes = max(0, world.wakes - 1)
    if request.holder is None or Bug.SHARED_CLAIM not in world.bugs:
        request.fence += 1
    request.holder, request.lease_until = number, world.now + LEASE
    worker.fence, worker.rounds = request.fence, 0
    if request.state is State.CLOSED:
        worker.phase = "run" if request.closing is None else "shred"
        worker.rounds = -1  # it was closed when it was loaded
    elif request.identity is not None or Bug.NO_IDENTITY in world.bugs:
        worker.phase = "take up"
    else:
        _release_claim(world, worker)
        return
    _onward(world, worker)


def _release_claim(world: World, worker: Worker) -> None:
    if worker.fence == world.request.fence and not worker.is_cut_off:
        world.request.holder = None
    worker.drop()


def _follow(worker: Worker) -> None:
    following = _NEXT_CLOSED if worker.rounds < 0 else _NEXT
    worker.phase = following[worker.phase] if worker.phase else None


def _onward(world: World, worker: Worker) -> None:
    """Goes on to the next phase that has something to write."""
    while worker.phase is not None and not _has_something(world, worker):
        _follow(worker)
    if worker.phase is None:
        _release_claim(world, worker)


def _has_something(world: World, worker: Worker) -> bool:  # noqa: PLR0911 -- one per phase
    request = world.request
    match worker.phase:
        case "take up":
            return request.state is State.RECEIVED
        case "lapse":
            return _lapsed(world)
        case "run" | "rerun":
            return _start(world, worker)
        case "plan":
            return _may_plan(world)
        case "policy":
            return _policy_approves(world)
        case "settle":
            return request.closing is None or Bug.CANCEL_IGNORED in world.bugs
    return True


def _lapsed(world: World) -> bool:
    return _has_lapsed(having(now=lambda: world.wall), request_of(world))


def _start(world: World, worker: Worker) -> bool:
    """Puts a hand to every connector that has something to do; whether any has."""
    all_tasks = tasks_of(world)
    if Bug.APPROVED_GOES_ON in world.bugs:  # nobody looks at what the others said
        all_tasks = [task for task in all_tasks if task.stage is not Stage.STUCK]
    for task in with_work(all_tasks, looks_of(world), world.wall):
        c = NAMES.index(task.connector)
        worker.hands[c] = working.begin(world, c, task.stage)
    return any(worker.hands)


def _may_plan(world: World) -> bool:
    closed = world.request.state is State.CLOSED and Bug.CANCEL_IGNORED not in world.bugs
    copies = world.request.operation in COPIES
    return not closed and not copies and is_plannable(request_of(world), tasks_of(world))


def _policy_approves(world: World) -> bool:
    request = world.request
    if request.client_id != EXEMPT or request.plan_digest is None:
        return False
    closed = request.state is State.CLOSED and Bug.CANCEL_IGNORED not in world.bugs
    return not closed and awaits_approval(request_of(world))


def looks_of(world: World) -> dict[str, datetime]:
    """By connector when the first of its items is to be looked at again."""
    looks: dict[str, datetime] = {}
    for item in world.items:
        if item.look_at is not None and item.state in WATCHED:
            before = looks.get(item.connector)
            if before is None or item.look_at < before:
                looks[item.connector] = item.look_at
    return looks


def guard(world: World, worker: Worker) -> bool:
    """Whether a write may go through: only under the fence that is the request's now."""
    if worker.fence == world.request.fence:
        return True
    if Bug.STALE_WRITES in world.bugs:
        raise BrokenError("a worker wrote whose claim another has taken over")
    return False


def step(world: World, number: int, commit: str = "ok") -> None:
    """The one write of the phase it is at. A commit may be refused, or its answer lost."""
    worker = world.workers[number]
    commit = "no commit" if worker.is_cut_off else commit
    if worker.phase == "postpone":
        if commit == "ok" and guard(world, worker):
            world.request.wake_at = world.wall + _AFTER_A_FAULT
        _release_claim(world, worker)
        return
    if not guard(world, worker):
        worker.drop()
        return
    if commit == "no commit":
        worker.phase = "postpone"
        return
    _WRITES[worker.phase or ""](world)
    world.writes += 1
    if commit == "lost commit":
        worker.phase = "postpone"
        return
    _follow(worker)
    _onward(world, worker)


def hand_step(world: World, number: int, c: int, fate: str = "ok") -> None:
    """The next call or write of one hand; when the last hand is empty, the next phase."""
    worker = world.workers[number]
    kind = worker.hand(c)[0]
    if kind == "erase" and working.is_in_doubt(world):
        _let_fall(world, worker, c)
        return
    if kind in working.CALLS:
        if (
            kind == "erase"
            and worker.fence != world.request.fence
            and Bug.SENDS_LATE not in world.bugs
        ):
            worker.drop()  # it looks at its lease before it sends what cannot be taken back
            return
        worker.hands[c] = working.call(world, worker, c, fate)
        return
    if not guard(world, worker):
        worker.drop()
        return
    if fate == "no commit" or worker.is_cut_off:
        _write_failed(worker, c)
        return
    before = worker.hand(c)
    worker.hands[c] = working.write(world, worker, c)
    world.writes += 1
    if fate == "lost commit":
        if Bug.LOST_COMMIT_FAILED in world.bugs:
            _take_as_undone(world, before)
        worker.hands[c] = before
        _write_failed(worker, c)
    else:
        _rest(world, worker)


def _let_fall(world: World, worker: Worker, c: int) -> None:
    """Leaves what it was at as it is on disk."""
    worker.hands[c] = None
    _rest(world, worker)


def _rest(world: World, worker: Worker) -> None:
    if not any(worker.hands):
        _follow(worker)
        _onward(world, worker)


def _write_failed(worker: Worker, c: int) -> None:
    """A write that raises is a fault of this connector's part; if that cannot be told, of all."""
    kind, stage = worker.hand(c)[:2]
    if kind == "trouble":
        worker.hands = [None] * len(worker.hands)
        worker.phase = "postpone"
    else:
        worker.hands[c] = ("trouble", stage, (), "fault", ())


def _take_as_undone(world: World, hand: tuple[Any, ...]) -> None:
    if hand[0] == "ended":
        for n in hand[2]:
            item = world.items[n]
            item.state, item.tries, item.look_at = ItemState.APPROVED, item.tries + 1, None


def _take_up(world: World) -> None:
    if world.request.state is State.RECEIVED:
        world.request.state = State.RUNNING


def _discard_lapsed(world: World) -> None:
    if _lapsed(world):
        discard(world)


def discard(world: World) -> None:
    """Throws a plan away that nobody approved: what it covered is located anew."""
    for item in world.items:
        if item.state is ItemState.LOCATED:
            item.action, item.look_at = None, None
    _move_all(world, Stage.LOCATED, Stage.LOCATE)
    request = world.request
    request.plan_digest = request.plan_valid_until = None
    set_going(world)


def set_going(world: World) -> None:
    request = world.request
    request.state, request.waiting_for, request.wake_at = State.RUNNING, None, world.wall


def _move_all(
    world: World, before: Stage, after: Stage, *, but_not: frozenset[str] = frozenset(),
    at: datetime | None = None,
) -> None:  # fmt: skip
    for task in world.tasks:
        if task.stage is before and task.connector not in but_not:
            task.stage, task.attempts, task.next_attempt_at = after, 0, at


def _plan(world: World) -> None:
    """Plans what was located by connectors that are through; where there is nothing, all is done."""
    request = world.request
    through = {t.connector for t in world.tasks if t.stage is Stage.LOCATED}
    open_items = [i for i in world.items if i.state is ItemState.LOCATED and i.connector in through]
    if not open_items:
        _move_all(world, Stage.LOCATED, Stage.DONE)
        return
    if request.state is State.CLOSED and Bug.CANCEL_IGNORED not in world.bugs:
        return
    now = world.wall
    named = tuple((i.connector, i.digest, i.kind) for i in open_items)
    request.plan_digest, rows = decisions.plan_on(named, now)
    request.plan_valid_until = now + PLAN_VALID
    for item, row in zip(open_items, rows, strict=True):
        item.action, item.code, item.look_at = row["action"], row["code"], row["look_at"]
        item.plan = request.plan_digest
        if Bug.KEPT_FOR_EVER in world.bugs:
            item.look_at = None


def _approve_by_policy(world: World) -> None:
    if _policy_approves(world):
        world.approved |= planned(world)
        release(world, POLICY)


def planned(world: World) -> frozenset[int]:
    """What the plan covers."""
    return frozenset(
        i.number for i in world.items if i.state is ItemState.LOCATED and i.action is not None
    )


def release(world: World, by: str) -> None:
    """Writes the approval down and lets the connectors begin."""
    request = world.request
    wake = request.wake_at
    set_going(world)
    if Bug.WAKE_BY_MESSAGE in world.bugs:
        request.wake_at = wake
    begins = world.wall + world.cools_for if world.cools_for else None
    request.approval = Approval(by, world.wall, request.plan_digest or "", begins)
    unplanned = set()
    for item in world.items:
        if item.state is ItemState.LOCATED and item.action is not None:
            item.state = _RELEASED[item.action]
        elif item.state is ItemState.LOCATED and Bug.LATECOMERS in world.bugs:
            item.state = ItemState.APPROVED
        elif item.state is ItemState.LOCATED:
            unplanned.add(item.connector)
    _move_all(world, Stage.LOCATED, Stage.EXECUTE, but_not=frozenset(unplanned), at=begins)


def settle(world: World) -> None:
    """Writes the state that the tasks add up to, asks people, closes what is done."""
    request, now = world.request, world.wall
    if request.closing is not None and Bug.CANCEL_IGNORED not in world.bugs:
        return
    hold_together(world)
    hand_over(world)
    if request.state is State.CLOSED and request.closing is None:
        return
    state, waiting_for = settling._state(
        request_of(world), tasks_of(world), has_hand_tasks=bool(world.hand_tasks)
    )
    if Bug.DEADLINE_BY_CLOCK in world.bugs:
        request.promised = decisions.promised_of(now)
    if state is State.CLOSED:
        close(world, None)
        return
    request.state, request.waiting_for = state, waiting_for
    request.wake_at = wake_at(request_of(world), tasks_of(world), looks_of(world), now)


def close(world: World, closing: str | None) -> None:
    request, now = world.request, world.wall
    if closing is not None:
        world.hand_tasks = frozenset()
    request.state, request.waiting_for = State.CLOSED, None
    request.closed_at, request.closing = now, closing
    request.wake_at = wake_at(
        request_of(world), tasks_of(world), looks_of(world), now, keys_until=now + KEYS_KEPT
    )


def is_untouched(world: World, connector: str | None = None) -> bool:
    """Whether nothing was approved or done."""
    return all(
        i.state in {None, ItemState.LOCATED}
        for i in world.items
        if connector in {None, i.connector}
    )


def is_begun(world: World, connector: str | None = None) -> bool:
    """Whether an upstream, or this one, was or may have been asked to change anything."""
    return any(
        connector in {None, i.connector}
        and i.state is not None
        and (i.state not in _UNBEGUN or i.batch)
        for i in world.items
    )


def hold_together(world: World) -> None:
    """Where one upstream says that more than one person fits, the others wait."""
    request = world.request
    if not is_ambiguous(tasks_of(world)):
        for free in doubting.may_go(tasks_of(world)):
            world.tasks[NAMES.index(free.connector)].move(Stage(free.resume or Stage.LOCATE))
        return
    if awaits_approval(request_of(world)):
        request.plan_digest = request.plan_valid_until = None
    is_open, forgotten = request.state is not State.CLOSED, False
    for c, task in enumerate(world.tasks):
        is_the_one = doubting.says_two(tasks_of(world)[c])
        if task.stage not in doubting.HELD or is_the_one or _slips_through(world, task):
            continue
        if is_open and not is_begun(world, task.connector):
            for item in world.items_of(c):
                item.forget()
            world.hand_tasks = frozenset(t for t in world.hand_tasks if t[0] != c)
            task.move(Stage.STUCK, code=TaskCode.HELD_BACK, resume=Stage.LOCATE)
            forgotten = True
        elif task.stage is Stage.EXECUTE:
            hold_half_way(task)
    if forgotten and request.approval is not None:
        _take_back(world)


def hold_half_way(task: Task) -> None:
    task.move(Stage.STUCK, code=TaskCode.HELD_BACK, resume=Stage.EXECUTE)


def _slips_through(world: World, task: Task) -> bool:
    return Bug.APPROVED_GOES_ON in world.bugs and task.stage is Stage.EXECUTE


def _take_back(world: World) -> None:
    """The approval of a plan of which nothing is left; what nobody agrees to any more may not go."""
    request = world.request
    left = [i for i in world.items if i.state not in {None, ItemState.LOCATED}]
    world.approved &= {i.number for i in left}
    plans = {i.plan for i in left if i.plan}
    if request.approval is not None and request.approval.plan_digest not in plans:
        before = min(plans, default=None)
        request.approval = Approval("chief", world.wall, before) if before else None
        request.plan_digest = request.plan_valid_until = None


def hand_over(world: World) -> None:
    """Asks a person for everything that no program can settle."""
    if Bug.NOBODY_ASKED in world.bugs:
        return
    made = set()
    for c, task in enumerate(world.tasks):
        if task.stage is Stage.STUCK and task.code is not TaskCode.HELD_BACK:
            made.add((c, "stuck"))
    for item in world.items:
        state = item.state
        if state is None or state not in _MAYBE_LEFT or not item.is_left_to_people:
            continue
        if settling._is_settled(group_of(item), tasks_of(world)):
            made.add((NAMES.index(item.connector), state.value))
    world.hand_tasks |= made


_MAYBE_LEFT = frozenset({*LEFT_TO_PEOPLE, ItemState.REFUSED})


def shred(world: World) -> None:
    """Destroys the keys whose time has come."""
    request, now = world.request, world.wall
    if request.closed_at is None:
        return
    until = request.closed_at + KEYS_KEPT if request.has_key else None
    if until is not None and now >= until:
        request.has_key, until = False, None
    looks = looks_of(world)
    if until is None and not _is_anything_left(world, looks):
        request.has_refs = False
    request.wake_at = wake_at(request_of(world), tasks_of(world), looks, now, until)


def _is_anything_left(world: World, looks: dict[str, datetime]) -> bool:
    if world.request.closing is not None:
        return False
    is_busy = any(task.stage is not Stage.DONE for task in world.tasks)
    left = any(i.state in UNDER_WAY or (i.state and i.is_left_to_people) for i in world.items)
    return bool(looks) or is_busy or left


_WRITES = {
    "take up": _take_up,
    "lapse": _discard_lapsed,
    "plan": _plan,
    "policy": _approve_by_policy,
    "settle": settle,
    "shred": shred,
}
