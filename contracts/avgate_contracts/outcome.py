"""How an item ended: a closed set, so that `match` with `assert_never` proves all are handled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias


class Effect(StrEnum):
    """What a completed write did."""

    ERASED = "erased"
    ANONYMISED = "anonymised"
    ALREADY_GONE = "already_gone"
    SCHEDULED = "scheduled"  # confirmed by the upstream, for a later day
    RECTIFIED = "rectified"
    ALREADY_RIGHT = "already_right"


@dataclass(frozen=True, slots=True)
class Completed:
    """The upstream confirmed it; `effective_from` is the day a scheduled effect comes about."""

    effect: Effect
    effective_from: date | None = None


@dataclass(frozen=True, slots=True)
class NothingHeld:
    """The upstream holds nothing of this person. A result, not an error."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The upstream accepted and will confirm later: accepted is not confirmed."""

    job: str
    look_again_at: datetime


@dataclass(frozen=True, slots=True)
class Unsupported:
    """There is no interface for it: it becomes a task for a person. `code` is stable, for tests."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The upstream understood and said no; `until` is when that may change, if it said so."""

    code: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not done, and trying again does not help without a person."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A write whose answer was lost; resolved by reading back, never by blind re-sending."""

    reason: str


Outcome: TypeAlias = Completed | NothingHeld | Pending | Unsupported | Refused | Failed | Unknown


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one item, named by the `ref` the connector gave it."""

    ref: str = field(repr=False)
    outcome: Outcome
