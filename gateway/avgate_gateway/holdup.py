"""Says of a request that does not get on why that is, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from avgate_gateway.faults import Fault
from avgate_gateway.request import State, SubjectRequest
from avgate_gateway.store.pauses import Pause
from avgate_gateway.store.tasks import Task

_LATE = timedelta(seconds=30)  # asked again within as much again, it shows within a minute


def is_late(request: SubjectRequest, now: datetime) -> bool:
    """Whether it is open, and its time came a while ago."""
    if request.state is State.CLOSED or request.wake_at is None:
        return False
    return now - request.wake_at >= _LATE


def hold_up(
    request: SubjectRequest,
    tasks: Sequence[Task],
    now: datetime,
    is_full: Callable[[str], bool],
    fault: Fault | None = None,
    paused: Mapping[str, Pause] | None = None,
) -> str | None:
    """What holds up a request whose time has come, in a sentence or two; None while nothing does.

    `is_full` says of one of its connectors whether all places there are taken, `paused` which are.
    """
    if fault is not None and request.state is not State.CLOSED:
        return _stopped(fault)
    waits = waiting_for_pauses(tasks, paused or {})
    if waits and request.state is not State.CLOSED:
        return " ".join(map(_paused, waits))
    if request.wake_at is None or not is_late(request, now):
        return None
    at = [task.connector for task in tasks if task.stage.is_active and _is_due(task, now)]
    since = f"It has been due since {request.wake_at.isoformat(timespec='seconds')}"
    full = [name for name in at if is_full(name)]
    if full:
        return (
            f"{since}. All places at {_listed(full)} are taken, by requests that are slowly answered "
            "or not at all. It goes on by itself; ask who runs it whether it is well."
        )
    if at:
        return (
            f"{since}. Not done yet is what {_listed(at)} has to do, which may be slow or have much to "
            "tell. It goes on by itself; ask who runs it whether it is well."
        )
    return (
        f"{since}, and it has not had its turn. It goes on by itself; if it does not, "
        "have the operator of the gateway look at GET /health/ready."
    )


def waiting_for_pauses(tasks: Sequence[Task], paused: Mapping[str, Pause]) -> Sequence[Pause]:
    """The pauses that hold up a part of these."""
    return [paused[t.connector] for t in tasks if t.stage.is_active and t.connector in paused]


def _stopped(fault: Fault) -> str:
    since = fault.since.isoformat(timespec="seconds")
    if fault.is_sealed:
        return (
            f"What is stored of it has not opened since {since}: it was altered in the database, or a "
            "master key is missing. It is tried again every 30 seconds: have the operator of the gateway "
            "find out who writes the database, and restore it, or the key, from a backup."
        )
    return (
        f"A mistake of the gateway's own ({fault.kind}) has stopped it {_times(fault.times)} since "
        f"{since}. It is tried again every 30 seconds: "
        "have the operator of the gateway report it, with what the log says of it."
    )


def _paused(pause: Pause) -> str:
    return (
        f"{pause.connector} is paused by {pause.paused_by} since "
        f"{pause.since.isoformat(timespec='seconds')}: {pause.reason.rstrip('.')}. What it has to do "
        "waits; everything else goes on, and so does the time in which the person must be answered."
    )


def _is_due(task: Task, now: datetime) -> bool:
    return task.next_attempt_at is None or task.next_attempt_at <= now


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
