"""Whether another try helps, and how long it has to wait: decided from values alone."""

from __future__ import annotations

from dataclasses import dataclass

from avgate_client.errors import ProblemError
from avgate_client.problems import IdempotencyKeyInUseError

_FIRST = 0.5  # seconds; doubled with every try, and then a part of it by chance
_REFUSED_UNREAD = frozenset({429})  # nothing was done
_LOST = frozenset({408, 500, 502, 503, 504})  # whether it was done, nobody says


@dataclass(frozen=True, slots=True)
class Failure:
    """One try that failed; `is_lost`: it was sent, and nobody knows what became of it.

    `after`: the seconds that the gateway asks to wait.
    """

    may_pass: bool
    is_lost: bool
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and for how long; seconds.

    `timeout`: one try, until its headers, and between two pieces of its body. `deadline`: a call
    with all its tries. A gateway that asks for a longer wait than `longest_wait` is not waited for.
    """

    attempts: int = 4
    timeout: float = 30.0
    deadline: float = 90.0
    longest_wait: float = 30.0


def no_answer(*, is_lost: bool) -> Failure:
    """No answer came: not sent at all, or sent and lost."""
    return Failure(may_pass=True, is_lost=is_lost)


def refused(problem: ProblemError) -> Failure:
    """The gateway, or something before it, answered with an error.

    A key that is in use is our own earlier try, still being accepted: its answer comes with ours.
    """
    own = isinstance(problem, IdempotencyKeyInUseError)
    lost = problem.status in _LOST
    may_pass = own or lost or problem.status in _REFUSED_UNREAD
    return Failure(may_pass=may_pass, is_lost=lost, after=problem.retry_after)


def pause(
    failure: Failure, attempt: int, patience: Patience, *, repeatable: bool, chance: float
) -> float | None:
    """The seconds until the next try after this one, the `attempt`th; None if there is none.

    `repeatable`: made twice, it is done once. `chance`: from 0 to 1, so that many do not come back
    in step.
    """
    if attempt >= patience.attempts or not failure.may_pass:
        return None
    if failure.is_lost and not repeatable:
        return None
    if failure.after is not None:
        return failure.after if failure.after <= patience.longest_wait else None
    return backoff(attempt, patience.longest_wait, chance)


def backoff(attempt: int, longest: float, chance: float) -> float:
    """Longer with every try, and a part of it by chance."""
    whole = min(longest, _FIRST * 2.0 ** min(attempt - 1, 16))
    return whole / 2 + chance * whole / 2
