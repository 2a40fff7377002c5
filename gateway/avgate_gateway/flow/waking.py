"""Says when a request is to be looked at next, from what it waits for: nothing else decides that.

A request to which something happened is looked at at once (`requests.wake`). Once that is done, it
sleeps until the moment that is told here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from avgate_gateway.pausing import LONGEST_SLEEP
from avgate_gateway.request import State, SubjectRequest, WaitingFor
from avgate_gateway.store.tasks import Stage, Task

_PAUSE = timedelta(seconds=1)  # what is due and could not be done just now is tried again after it
_PATIENCE = timedelta(minutes=1)  # so long one connector waits for what another may tell it
_IDLE = timedelta(minutes=5)  # what waits for a person is looked at so often even if nothing is due


def wake_at(
    request: SubjectRequest,
    tasks: Sequence[Task],
    looks: Mapping[str, datetime],
    now: datetime,
    keys_until: datetime | None = None,
    *,
    paused: Collection[str] = (),
) -> datetime | None:
    """The next moment at which there is something to do; None: only what happens to it wakes it.

    `looks` says by connector when the first of its items is to be looked at again, `keys_until`
    when the subject's key is to be destroyed; None once it is. What connectors that are `paused` have
    to do is not done now: whoever ends the pause wakes it.
    """
    if request.state is State.CLOSED:
        times = [keys_until] if keys_until else []
        is_over = request.closing is not None  # withdrawn, refused or answered: nothing follows
    elif request.identity is None:
        return None
    elif request.waiting_for is None:
        return now
    else:
        times = [_gate(request, now)]
        is_over = False
    if not is_over:
        times += _tries(tasks, looks, now, paused)
    return max(min(times), now + _PAUSE) if times else None


def _gate(request: SubjectRequest, now: datetime) -> datetime:
    """When an open request is looked at although no upstream has anything to say."""
    if request.waiting_for is WaitingFor.APPROVAL and request.plan_valid_until is not None:
        return request.plan_valid_until
    return now + _IDLE


def _tries(
    tasks: Sequence[Task], looks: Mapping[str, datetime], now: datetime, paused: Collection[str]
) -> Iterator[datetime]:
    """When each connector has something to do; what is stuck, or waits for a plan, has nothing."""
    for task in tasks:
        soonest = now + LONGEST_SLEEP if task.connector in paused else now
        if task.stage.is_active:
            yield max(soonest, task.next_attempt_at or _at_once(task, tasks, now))
        elif task.stage is Stage.DONE and task.connector in looks:
            look = looks[task.connector]
            yield max(soonest, look, task.next_attempt_at or look)


def _at_once(task: Task, tasks: Sequence[Task], now: datetime) -> datetime:
    """Now; but one that looks may wait for what another says, which is told when that has answered."""
    if task.stage is not Stage.LOCATE:
        return now
    others = [one.next_attempt_at for one in tasks if one.stage is Stage.LOCATE]
    answers = [time for time in others if time is not None]
    return min(*answers, now + _PATIENCE) if answers else now
