"""What to do when a connector cannot: try again later, or ask a person."""

from __future__ import annotations

from dataclasses import dataclass

from avgate_contracts.errors import (
    AmbiguousSubjectError,
    ConnectorError,
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from avgate_gateway.store.tasks import TaskCode

# Seconds until the next try. Twelve tries take most of a day; then a person is told.
_DELAYS = (1, 2, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400)
_LONG = 43_200.0  # seconds; who asks for so much once more after as much is told to a person,
_PUT_OFF = 2  # after so many tries in all
QUICK_TRIES = 4  # after so many, the others no longer wait for this connector's part of the plan


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try failed; `tries` is how many of its kind are worth making."""

    code: TaskCode
    reason: str
    tries: int
    after: float = 0.0

    def delay(
        self, attempts: int, *, is_another: bool = False, waited: float = 0.0
    ) -> float | None:
        """Seconds until the next try after so many; None: a person has to act.

        `is_another`: the try before failed in another way, so this is the first of its kind. `waited`:
        how many seconds ago that was.
        """
        of_its_kind = 1 if is_another else attempts
        # A year's wait is nobody's answer: within a day it is asked again, and then told to a person.
        asked = min(self.after, _DELAYS[-1])
        is_put_off = attempts > _PUT_OFF and min(asked, waited) >= _LONG
        if is_put_off or of_its_kind >= self.tries or attempts >= len(_DELAYS):
            return None
        return max(asked, _DELAYS[attempts - 1])


def trouble_of(error: Exception) -> Trouble:
    """Turns what a connector raised into what happens next.

    The message of a ConnectorError is ours to show; any other message may name a person.
    """
    for kind, code, tries in _KINDS:
        if isinstance(error, kind):
            asked = error if isinstance(error, UnavailableError | OutcomeUnknownError) else None
            after = (asked.after or 0.0) if asked else 0.0
            return Trouble(code, str(error), tries, after)
    return Trouble(TaskCode.FAULT, f"the connector failed with {type(error).__name__}", 3)


_KINDS: tuple[tuple[type[ConnectorError], TaskCode, int], ...] = (
    (UnavailableError, TaskCode.UNAVAILABLE, 12),
    (OutcomeUnknownError, TaskCode.OUTCOME_UNKNOWN, 6),
    (AmbiguousSubjectError, TaskCode.AMBIGUOUS, 1),
    (RefusedError, TaskCode.REFUSED, 1),
    # A single odd page or a token that ended early is not yet a broken contract or a wrong key.
    (MisconfiguredError, TaskCode.MISCONFIGURED, 4),
    (ContractBrokenError, TaskCode.CONTRACT_BROKEN, 4),
    # What the upstream names something by, for what people give was looked at when it was given.
    (InvalidIdentifierError, TaskCode.CONTRACT_BROKEN, 1),
)
