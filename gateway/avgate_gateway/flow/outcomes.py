"""What is written of an item for each outcome that a connector may tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, assert_never

from avgate_contracts.outcome import (
    Completed,
    Effect,
    Failed,
    NothingHeld,
    Outcome,
    Pending,
    Refused,
    Unknown,
    Unsupported,
)
from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Operation
from avgate_gateway.retention import AMSTERDAM, local_day
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import TaskCode

WHILE_RUNNING = timedelta(days=1)  # so often it is asked whether a service still runs
_LATEST = timedelta(days=1)  # what was accepted is asked about so often, whatever was promised
# Refusals that end by themselves, on a day that nobody knows, so they are looked at again: with the
# service, or once a bill is no longer disputed (GDPR Art. 17(3)(e), Tw Art. 11.5).
_PASSING = frozenset({"service_runs", "usage_billed", "usage_under_dispute"})

ALTERED = Failed(
    TaskCode.ALTERED.value,
    "its row is not as it was when somebody approved the plan, so it was left alone",
)
_OTHER_EFFECT = Failed(
    "other_effect", "the system says that something else was done than what was asked of it"
)
_NO_DAY = Failed(  # on which anybody could look, so it is not said to be confirmed
    "no_day", "the system confirmed it for later, and not for which day: ask there"
)
_CORRECTED = frozenset({Effect.RECTIFIED, Effect.ALREADY_RIGHT})


def written(outcome: Outcome, operation: Operation, now: datetime) -> dict[str, Any]:
    """The columns of an outcome that an operation came to.

    A correction is no matter of retention, and its value may be forgotten when a day comes.
    """
    found = columns(_fitting(outcome, operation), now)
    is_watched = operation is not Operation.RECTIFY or found["state"] == ItemState.PENDING
    return found if is_watched else {**found, "look_at": None}


def _fitting(outcome: Outcome, operation: Operation) -> Outcome:
    """The outcome, unless what it says was done is nothing that was asked for."""
    match outcome:
        case Completed(Effect.SCHEDULED):
            return outcome
        case Completed(effect) if (effect in _CORRECTED) is not (operation is Operation.RECTIFY):
            return _OTHER_EFFECT
    return outcome


def columns(outcome: Outcome, now: datetime) -> dict[str, Any]:  # noqa: PLR0911 -- one per outcome
    """The columns that an outcome comes to; the same set of columns for every outcome."""
    match outcome:
        case Completed(Effect.SCHEDULED, effective_from) if _day_after(effective_from) is None:
            return columns(_NO_DAY, now)
        case Completed(effect, effective_from):
            look = _day_after(effective_from) if effect is Effect.SCHEDULED else None
            return _columns(_STATES[effect], effective_from=effective_from, look_at=look)
        case NothingHeld():
            return _columns(ItemState.ALREADY_GONE)
        case Pending(job, look_again_at):
            look = min(max(look_again_at, now), now + _LATEST)
            return _columns(ItemState.PENDING, job=job, look_at=look)
        case Unsupported(code, reason):
            return _columns(ItemState.BY_HAND, code=code, reason=reason)
        case Refused():
            return _refused(outcome, now)
        case Failed(code, reason):
            return _columns(ItemState.FAILED, code=code, reason=reason)
        case Unknown(reason):
            return _columns(ItemState.UNKNOWN, code="outcome_unknown", reason=reason)
        case _:
            assert_never(outcome)


def are_pending(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any of these has yet to be confirmed."""
    return any(row["state"] == ItemState.PENDING for row in rows)


def asked_now(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The same, of which those that have yet to be confirmed are asked about now."""
    soon = {"look_at": now}
    return [{**row, **(soon if row["state"] == ItemState.PENDING else {})} for row in rows]


def effect_of(way: ErasureWay | None) -> Effect:
    """What it came to if an item is no longer shown after a write whose answer was lost."""
    return Effect.ANONYMISED if way is ErasureWay.ANONYMISE else Effect.ERASED


def _refused(refusal: Refused, now: datetime) -> dict[str, Any]:
    """A refusal is looked at again once its day is over, or each day while it may end by itself.

    Of a day that is over already nothing is to be expected, or it would be asked each second. Where it
    is over by a few hours, as by another zone's midnight, it is asked once more, a day later.
    """
    until, code, tomorrow = refusal.until, refusal.code, now + WHILE_RUNNING
    if until is not None and until < local_day(now) - WHILE_RUNNING:
        until = None
    look = _day_after(until)
    if look is not None:
        look = look if look > now else tomorrow
    elif code in _PASSING:
        look = tomorrow
    return _columns(ItemState.REFUSED, code=code, reason=refusal.reason, until=until, look_at=look)


def _day_after(day: date | None) -> datetime | None:
    """When a scheduled effect must be there: the day after, so that no time of day matters."""
    if day is None or day == date.max:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) + timedelta(days=1)


def _columns(
    state: ItemState,
    *,
    code: str | None = None,
    reason: str | None = None,
    job: str | None = None,
    look_at: datetime | None = None,
    until: date | None = None,
    effective_from: date | None = None,
) -> dict[str, Any]:
    return {
        "state": state.value,
        "code": code,
        "reason": reason,
        "job": job,
        "look_at": look_at,
        "until": until,
        "effective_from": effective_from,
        "ground": None,
    }


_STATES = {
    Effect.ERASED: ItemState.ERASED,
    Effect.ANONYMISED: ItemState.ANONYMISED,
    Effect.ALREADY_GONE: ItemState.ALREADY_GONE,
    Effect.SCHEDULED: ItemState.SCHEDULED,
    Effect.RECTIFIED: ItemState.RECTIFIED,
    Effect.ALREADY_RIGHT: ItemState.ALREADY_RIGHT,
}
