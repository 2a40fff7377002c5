"""What people do about the request: mirrors `deciding`, as far as it changes what the flow does next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avgate_gateway.flow import retrying
from avgate_gateway.flow.doubting import is_ambiguous, is_half_way, says_two
from avgate_gateway.flow.settling import awaits_approval
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import REJECTED, UNDER_WAY, ItemState
from avgate_gateway.store.item_steps import _LEFT_ALONE, _RELEASED
from avgate_gateway.store.tasks import Stage, TaskCode

from . import carrying
from .as_rows import request_of, tasks_of
from .bugs import Bug
from .world import BrokenError, Item, World

Event = tuple[Any, ...]
_SET_GOING = frozenset(_RELEASED.values())


def asked(world: World) -> list[Event]:
    """What people are waited for."""
    request = world.request
    if request.waiting_for is WaitingFor.IDENTITY:
        return [("identify",)]
    if request.waiting_for is WaitingFor.APPROVAL:
        return [("approve",)] if _waits(world) else []
    return [("complete", c, what) for c, what in sorted(world.hand_tasks)]


def whims(world: World) -> list[Event]:
    """What people may do though nobody waits for it."""
    request = world.request
    if request.identity is None or request.closing is not None:
        return []
    events: list[Event] = []
    if request.state is not State.CLOSED:
        events.append(("cancel",))
    if request.waiting_for is WaitingFor.APPROVAL:
        events.append(("reject",))
        if world.saw is None:
            events.append(("look at the plan",))
    if world.saw is not None:
        events.append(("approve what was seen",))
    return events + [("retry", c) for c in range(len(world.tasks)) if _may_retry(world, c)]


def _may_retry(world: World, c: int) -> bool:
    task = world.tasks[c]
    if is_half_way(tasks_of(world)[c]):
        return False
    if task.stage is Stage.DONE:
        return any(_is_to_try_again(i) or i.state in retrying.BEGUN for i in world.items_of(c))
    return task.stage is Stage.STUCK or task.next_attempt_at is not None


def _look_at_plan(world: World) -> None:
    if world.request.plan_digest is not None:
        world.saw = world.request.plan_digest, carrying.planned(world)


def _identify(world: World) -> None:
    request = world.request
    request.identity, request.state, request.waiting_for = True, State.RECEIVED, None
    request.wake_at = world.wall
    world.wakes = min(world.wakes + 1, 2)


def _waits(world: World) -> bool:
    """Whether there is a plan that may still be approved."""
    until = world.request.plan_valid_until
    is_clear = not is_ambiguous(tasks_of(world))
    return until is not None and world.wall < until and is_clear


def _may_decide(world: World, digest: str | None) -> bool:
    """Whether the plan with this digest is the one that waits, and still may be decided on."""
    request = world.request
    if request.waiting_for is not WaitingFor.APPROVAL or request.plan_valid_until is None:
        return False
    if is_ambiguous(tasks_of(world)):
        return False
    is_late = world.wall >= request.plan_valid_until
    if is_late and Bug.LAPSED_PLAN in world.bugs:
        raise BrokenError("a plan was approved after its time")
    return not is_late and (digest == request.plan_digest or Bug.UNBOUND_APPROVAL in world.bugs)


def _approve(world: World) -> None:
    """Somebody looks at the plan and approves it."""
    _decide(world, world.request.plan_digest, carrying.planned(world))


def _approve_seen(world: World) -> None:
    """Somebody approves what they looked at a while ago."""
    if world.saw is not None:
        digest, numbers = world.saw
        world.saw = None
        _decide(world, digest, numbers)


def _decide(world: World, digest: str | None, numbers: frozenset[int]) -> None:
    if _may_decide(world, digest):
        world.approved |= numbers
        carrying.release(world, "chief")
        world.wakes = min(world.wakes + 1, 2)


def _reject(world: World) -> None:
    if not _may_decide(world, world.request.plan_digest):
        return
    if carrying.is_untouched(world):
        carrying.close(world, "rejected")
        return
    for item in world.items:
        if item.state is ItemState.LOCATED:
            item.state, item.code, item.look_at = ItemState.REFUSED, REJECTED, None
    for task in world.tasks:
        if task.stage is Stage.LOCATED:
            task.stage, task.attempts, task.next_attempt_at = Stage.DONE, 0, None
    world.request.plan_digest = world.request.plan_valid_until = None
    carrying.set_going(world)
    world.wakes = min(world.wakes + 1, 2)


def _cools_off(world: World) -> bool:
    begins = world.request.approval.begins_at if world.request.approval else None
    return begins is not None and world.wall < begins


def _withdraw_approval(world: World) -> None:
    world.approved = frozenset()
    for item in world.items:
        if item.state in _SET_GOING:
            item.state, item.look_at = ItemState.LOCATED, None


def _cancel(world: World) -> None:
    request = world.request
    if request.state is not State.CLOSED and _cools_off(world):
        if not carrying.is_begun(world):
            _withdraw_approval(world)
            carrying.close(world, "cancelled")
        return
    is_approved = request.approval is not None and not awaits_approval(request_of(world))
    if request.state is not State.CLOSED and not is_approved and carrying.is_untouched(world):
        carrying.close(world, "cancelled")


def _is_to_try_again(item: Item) -> bool:
    is_for_good = item.state is ItemState.REFUSED and item.is_left_to_people
    is_again = item.state in retrying.AGAIN or is_for_good
    return is_again and item.action not in _LEFT_ALONE


def _retry(world: World, c: int) -> None:
    task, request = world.tasks[c], world.request
    if request.identity is None or request.closing is not None or _cools_off(world):
        return
    is_in_doubt, again = is_ambiguous(tasks_of(world)), True
    if is_in_doubt and any(one.stage is Stage.EXECUTE for one in world.tasks):
        return
    if is_half_way(tasks_of(world)[c]):
        again = False
    elif task.stage is Stage.STUCK and task.resume is not None:
        _withdraw(world, c)
        task.move(task.resume)
    elif task.stage is Stage.DONE:
        again = _retry_items(world, c)
    elif task.next_attempt_at is not None:
        task.attempts, task.next_attempt_at = 0, None
    else:
        again = False
    for one in world.tasks if is_in_doubt else ():
        if one.stage is Stage.EXECUTE:
            carrying.hold_half_way(one)
    _go_on(world, is_moving=again)


def _retry_items(world: World, c: int) -> bool:
    failed = [item for item in world.items_of(c) if _is_to_try_again(item)]
    if not failed and not any(item.state in retrying.BEGUN for item in world.items_of(c)):
        return False
    for item in failed:
        item.state, item.looks, item.tries = ItemState.APPROVED, 0, item.tries + 1
        item.code = item.look_at = None
    world.asked_again |= {item.number for item in failed}
    _withdraw(world, c)
    world.tasks[c].move(Stage.EXECUTE)
    return True


def _withdraw(world: World, c: int) -> None:
    world.hand_tasks = frozenset(task for task in world.hand_tasks if task[0] != c)


def _complete(world: World, c: int, what: str) -> None:
    """A person says that they did it, and did."""
    task, is_all = world.tasks[c], what == "stuck"
    world.hand_tasks -= {(c, what)}
    if is_all and says_two(tasks_of(world)[c]) and carrying.is_untouched(world):
        carrying.close(world, TaskCode.AMBIGUOUS.value)
        return
    done = [
        i for i in world.items_of(c) if i.is_left_to_people or (is_all and i.state in UNDER_WAY)
    ]
    upstream, numbers = world.upstreams[c], {item.number for item in done}
    upstream.vanished |= numbers & upstream.held
    upstream.held -= numbers
    for item in done:
        item.state, item.code, item.look_at = ItemState.DONE_BY_HAND, None, None
    if is_all:
        for item in world.items_of(c):
            if item.state is ItemState.LOCATED and Bug.HALF_DONE not in world.bugs:
                item.forget()
        world.said_two -= {c}
        task.move(Stage.DONE, code=TaskCode.DONE_BY_HAND)
    elif task.stage is Stage.DONE:
        task.move(Stage.VERIFY)
    _go_on(world, is_moving=True)


def _go_on(world: World, *, is_moving: bool) -> None:
    if is_moving and world.request.waiting_for is WaitingFor.PERSON:
        carrying.set_going(world)
    else:
        world.request.wake_at = world.wall
    world.wakes = min(world.wakes + 1, 2)


HAPPENINGS: dict[str, Callable[..., None]] = {
    "identify": _identify,
    "look at the plan": _look_at_plan,
    "approve": _approve,
    "approve what was seen": _approve_seen,
    "reject": _reject,
    "cancel": _cancel,
    "retry": _retry,
    "complete": _complete,
}
