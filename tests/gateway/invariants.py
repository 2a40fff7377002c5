"""What has to hold of a request at every moment, whatever happened to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from avgate_contracts.vocabulary import Field, Operation
from avgate_gateway.ending import LEFT_EARLIER
from avgate_gateway.flow.doubting import is_ambiguous, is_half_way, is_held, may_go
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import LEFT_TO_PEOPLE, UNDER_WAY, Item, ItemState
from avgate_gateway.store.tasks import Stage

from .fake_upstream import Upstream
from .office import CHANGE, COPIES, Office
from .seen import Seen

RUNS = {Stage.LOCATE, Stage.EXECUTE, Stage.CONFIRM, Stage.VERIFY}
PARTS = {OutcomeWord.NOT_SEARCHABLE, OutcomeWord.BY_HAND, OutcomeWord.DONE_BY_HAND}
NEEDS_KEY = {*UNDER_WAY, *LEFT_TO_PEOPLE, ItemState.RETAINED, ItemState.SCHEDULED}
_LOOKED_AT = {ItemState.RETAINED, ItemState.REFUSED, ItemState.ERASED, ItemState.SCHEDULED}
GONE = {
    ItemState.ERASED,
    ItemState.ANONYMISED,
    ItemState.ALREADY_GONE,
    ItemState.DONE_BY_HAND,
}


def check_wake_up(seen: Seen, now: datetime) -> None:
    """Somebody looks at it again, whatever happens, and in time for whatever is to be done."""
    request = seen.request
    latest = {name: time for name in seen.tasks if (time := _latest(seen, name, now)) is not None}
    if request.closing is None and request.identity is not None and latest:
        name = min(latest, key=lambda name: latest[name])
        assert request.wake_at is not None, f"nobody will look at {name}"
        assert request.wake_at <= latest[name], f"{name} is overslept"
    if request.state is not State.CLOSED and request.wake_at is None:
        assert request.waiting_for is WaitingFor.IDENTITY, "it is open, and nobody will look at it"
    if request.state is State.CLOSED and seen.sealed.subject_key is not None:
        assert request.wake_at is not None, "its keys will never be destroyed"


def _latest(seen: Seen, name: str, now: datetime) -> datetime | None:
    """When a connector has to be asked at the latest, if it has anything left to do."""
    task = seen.tasks[name]
    if task.stage in RUNS and task.next_attempt_at is None:
        return now + timedelta(minutes=1)
    looks = [i.look_at for i in seen.items if i.connector == name and i.state in _LOOKED_AT]
    times = looks if task.stage is Stage.DONE else [task.next_attempt_at]
    known = [time for time in times if time is not None]
    if task.stage not in {*RUNS, Stage.DONE} or not known:
        return None
    return max(min(known), task.next_attempt_at or now, now) + timedelta(seconds=1)


def check_keys(seen: Seen) -> None:
    """A key that is gone is needed by nothing, and what it sealed is gone too."""
    sealed = seen.sealed
    if sealed.subject_key is None:
        assert sealed.confidential is None
        assert sealed.plan is None
        assert not seen.has_copy
        assert all(task.learned_box is None for task in seen.tasks.values())
        assert seen.request.state is State.CLOSED, "an open request lost its key"
    if sealed.retention_key is None:
        assert not seen.has_leads, "what leads to it outlived its key"
        assert all(item.ref_box is None for item in seen.items), "a reference outlived its key"
        if seen.request.closing is None:
            needy = [
                seen.where(item)
                for item in seen.items
                if item.state in NEEDS_KEY or item.is_left_to_people
            ]
            assert not needy, f"the key went too early: {needy[0]}"


def check_items(seen: Seen) -> None:
    """Nothing is left lying: it is at its end, or a program or a person sees to it."""
    for item in seen.items:
        if seen.request.closing is not None:
            assert item.state is ItemState.LOCATED, f"closed, abandoned: {seen.where(item)}"
        elif item.state is ItemState.LOCATED:
            runs = seen.tasks[item.connector].stage in {*RUNS, Stage.LOCATED}
            assert runs or seen.is_covered(item), f"stranded: {seen.where(item)}"
        elif item.state in {*UNDER_WAY, ItemState.UNKNOWN}:
            task = seen.tasks[item.connector]
            runs = task.stage in RUNS or is_half_way(task)
            assert runs or seen.is_covered(item), f"stranded: {seen.where(item)}"
        elif item.is_left_to_people:
            task = seen.tasks[item.connector]
            runs = task.stage in RUNS or is_half_way(task)
            assert runs or seen.is_covered(item), f"nobody is asked: {seen.where(item)}"
        elif item.state in {ItemState.RETAINED, ItemState.SCHEDULED}:
            assert item.look_at is not None, f"nobody will look: {seen.where(item)}"


def check_tasks(seen: Seen) -> None:
    """A task that stands still does so because a person was asked, or has a plan to approve."""
    if seen.request.closing is not None:
        assert not seen.open_hand, "a person is asked to work on a request that was withdrawn"
        return
    asked = {task.connector for task in seen.open_hand if task.category is None}
    all_tasks = list(seen.tasks.values())
    assert not may_go(all_tasks), "a part is held for no reason any more"
    for name, task in seen.tasks.items():
        if task.stage is Stage.EXECUTE:
            assert not is_ambiguous(all_tasks), f"two people fit, and {name} goes on"
        if task.stage is Stage.STUCK:
            held = is_held(task)  # for a reason, as was seen
            assert name in asked or held, f"{name} is stuck ({task.code}), and nobody is asked"
        elif seen.request.state is State.CLOSED:
            assert task.stage not in {Stage.LOCATE, Stage.LOCATED}, f"closed over {task.stage}"
        elif task.stage is Stage.LOCATED:
            waits = seen.request.waiting_for is not None
            assert waits, f"{name} is located, and nothing will be planned"
    if seen.request.state is State.CLOSED:
        done = all(task.stage is Stage.DONE for task in seen.tasks.values())
        assert done or seen.request.wake_at is not None or seen.open_hand


def check_report(seen: Seen) -> None:
    """Every item is in the report once, by its connector."""
    for name in seen.tasks:
        counted = sum(
            line.count
            for line in seen.report.lines
            if line.connector == name
            and line.category is not None
            and line.ending.reason != LEFT_EARLIER  # another request's
        )
        if seen.request.operation not in COPIES:
            assert counted == sum(item.connector == name for item in seen.items)


def check_unseen(seen: Seen) -> None:
    """What nobody looked into is not said to be empty, and where a person can ask, one is asked."""
    if seen.request.closing is not None:
        return
    for name, task in seen.tasks.items():
        if task.stage is not Stage.DONE or task.is_answered:
            continue
        words = [line.ending.outcome for line in seen.report.lines if line.connector == name]
        told = [word for word in words if word in PARTS]
        assert len(told) >= len(task.unseen), f"{name}: a part is not spoken of"
        assert not (task.unseen and OutcomeWord.NOTHING_HELD in words), f"{name}: {words}"
        asked = {hand.id for hand in seen.hand}
        for part in task.unseen:
            needs_somebody = part.is_by_hand and not part.is_done
            assert not needs_somebody or part.task_id(seen.request.id, name) in asked


def check_truth(office: Office, seen: Seen) -> None:
    """What a closed request says is what is so upstream."""
    request = seen.request
    if request.state is not State.CLOSED or request.closing is not None:
        return
    for name, task in seen.tasks.items():
        upstream = office.upstreams[name]
        if task.stage is not Stage.DONE or task.code is not None:
            continue  # it was not looked at, or people did it
        mine = {office.ref(item): item for item in seen.items if item.connector == name}
        held = {holding.item.ref for holding in upstream.of_subject()}
        if request.operation is Operation.ERASE:
            missed = held - set(mine) - upstream.came_back
            assert not missed, f"{name} holds what no report speaks of: {sorted(missed)[:3]}"
            for ref, item in mine.items():
                gone = item.state in GONE and ref not in upstream.came_back
                assert not (gone and ref in held), f"{seen.where(item)}, and it is still there"
        if request.operation is Operation.RECTIFY:
            _check_values(upstream, mine)


def _check_values(upstream: Upstream, mine: dict[str, Item]) -> None:
    for ref, item in mine.items():
        held = upstream.holds(ref)
        if item.state in {ItemState.RECTIFIED, ItemState.ALREADY_RIGHT} and held is not None:
            assert held.fields[Field.NAME_FAMILY] == (CHANGE.after,), "said to be right, and is not"


def check_copy(office: Office, seen: Seen) -> None:
    """A copy has in it what the upstream held, where nothing went or came since."""
    if seen.request.state is not State.CLOSED or seen.request.closing is not None:
        return
    for name, task in seen.tasks.items():
        upstream = office.upstreams[name]
        is_same = office.changes[seen.request.id, name] == upstream.changes
        if task.stage is Stage.DONE and task.code is None and is_same:
            assert sum(task.tally.values()) == len(upstream.of_subject()), f"{name}: half a copy"
