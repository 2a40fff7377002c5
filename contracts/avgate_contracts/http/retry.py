"""The one retry policy: which faults, how often, how long in between."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from avgate_contracts.connector import Limits
from avgate_contracts.http.deadline import Deadline
from avgate_contracts.http.fault import FaultError
from avgate_contracts.http.runtime import Runtime

_FIRST_WAIT = 0.5  # seconds; doubled with every try, and then a part of it by chance
_ABSURD = 10 * 365 * 86_400.0  # seconds; nobody waits longer


def retrying(
    limits: Limits, runtime: Runtime, deadline: Deadline, *, repeatable: bool
) -> AsyncRetrying:
    """A policy for one call; hand it a coroutine function, for it does not await a lambda's."""
    return AsyncRetrying(
        retry=retry_if_exception(_helped(limits, repeatable=repeatable)),
        wait=_waiting(limits, runtime),
        stop=_enough(limits, runtime, deadline),
        sleep=runtime.sleep,
        reraise=True,
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for: RFC 9110 section 10.2.3, a number or a date.

    None if there is none, or none that can be understood; a date in the past is 0.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text[:20]), _ABSURD)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), _ABSURD)


def _helped(limits: Limits, *, repeatable: bool) -> Callable[[BaseException], bool]:
    """Another try helps only with a fault, and with a lost write only if it may be repeated."""

    def predicate(error: BaseException) -> bool:
        if not isinstance(error, FaultError) or (error.lost and not repeatable):
            return False
        return error.after is None or error.after <= limits.longest_wait

    return predicate


def _waiting(limits: Limits, runtime: Runtime) -> Callable[[RetryCallState], float]:
    """As long as the upstream asks; else longer with every try, and never in step with others."""

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FaultError) and error.after is not None:
            return error.after
        longest = min(limits.longest_wait, _FIRST_WAIT * 2 ** (state.attempt_number - 1))
        return runtime.random.uniform(longest / 2, longest)

    return wait


def _enough(
    limits: Limits, runtime: Runtime, deadline: Deadline
) -> Callable[[RetryCallState], bool]:
    """So many tries, and none that would begin after the deadline."""

    def stop(state: RetryCallState) -> bool:
        late = runtime.monotonic() + state.upcoming_sleep >= deadline.end
        return late or state.attempt_number >= limits.attempts

    return stop
