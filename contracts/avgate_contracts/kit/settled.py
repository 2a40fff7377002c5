"""What the outcomes of a write promise of the time after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

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

_GONE = {Effect.ERASED, Effect.ANONYMISED, Effect.ALREADY_GONE}


def is_gone(outcome: Outcome | None) -> bool:
    """Whether an outcome says that the upstream shows the item no more."""
    match outcome:
        case Completed(effect):
            return effect in _GONE
        case NothingHeld():
            return True
        case None | Pending() | Unsupported() | Refused() | Failed() | Unknown():
            return False
        case unknown:
            assert_never(unknown)


def gone(outcomes: Mapping[str, Outcome]) -> set[str]:
    """The refs of the items that are said to be gone."""
    return {ref for ref, outcome in outcomes.items() if is_gone(outcome)}


def is_claim(outcome: Outcome | None) -> bool:
    """Whether an outcome says that what was asked for is so."""
    return isinstance(outcome, Completed | NothingHeld)


def words(outcomes: Iterable[Outcome | None]) -> str:
    """The kinds of outcomes, for a message."""
    return ", ".join(sorted({type(outcome).__name__ for outcome in outcomes}))
