"""Moments that callers tell of, held against the clock: none lies ahead, and none too far back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from avgate_gateway.due import OLDEST_SUBMISSION
from avgate_gateway.problem import INVALID_CONTENT, Located, Problem, ProblemError
from avgate_gateway.retention import local_day, months_later

# The longest that a claim can be brought for (BW 3:306): nobody can say more than that today.
_LONGEST_KEPT_YEARS = 20
_CLOCKS_DIFFER = timedelta(minutes=5)


def not_in_the_future(moment: datetime, now: datetime, where: str) -> None:
    """Raises ProblemError, 422, for what somebody says they will have done."""
    if wrong := tuple(_ahead(moment, now, where)):
        raise ProblemError(Problem(INVALID_CONTENT, errors=wrong))


def stays_until(day: date, now: datetime, where: str) -> None:
    """Raises ProblemError, 422, for a last day that is over, or that nobody can know of yet."""
    today = local_day(now)
    if not today <= day <= months_later(today, 12 * _LONGEST_KEPT_YEARS):
        wrong = Located("must be today or later, and at most 20 years from now", where)
        raise ProblemError(Problem(INVALID_CONTENT, errors=(wrong,)))


def mistaken(asked: datetime | None, verified: datetime | None, now: datetime) -> Iterator[Located]:
    """What is wrong with when the person asked, and with when it was verified who they are.

    Older than a month is told, and not counted: every day to answer would have passed.
    """
    if verified is not None:
        yield from _ahead(verified, now, "#/identity/verified_at")
    if asked is not None:
        yield from _ahead(asked, now, "#/submitted_at")
        if asked < now - OLDEST_SUBMISSION:
            yield Located("must be at most 31 days ago", "#/submitted_at")


def _ahead(moment: datetime, now: datetime, where: str) -> Iterator[Located]:
    if moment > now + _CLOCKS_DIFFER:
        yield Located("must not lie in the future", where)
