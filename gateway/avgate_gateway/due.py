"""When a request must be answered: by the controller's promise, and by law."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from dateutil.easter import easter

from avgate_gateway.retention.term import local_day, months_later

_SATURDAY: Final = 5
# A month, and the days that the end of one may roll on: no promise is later than the law, and Easter or
# Christmas with the weekends beside them are four days at the most.
LONGEST_PROMISE = timedelta(days=31 + 9)
# How long ago a person may have asked, for the days to be counted from then: so a request may be
# recorded after the day that it was promised on.
OLDEST_SUBMISSION: Final = timedelta(days=31)
# Good Friday, Easter Sunday and Monday, Ascension Day, Whit Sunday and Monday.
_AROUND_EASTER: Final = {-2, 0, 1, 39, 49, 50}


@dataclass(frozen=True, slots=True)
class DueDates:
    """The last days to answer, each included, in the Netherlands.

    `promised` is what the controller's statement says, `legal` what GDPR Art. 12(3) says,
    `extended` the law's last day once two months were added. `extend_before` is the last day on
    which such an extension may be told, with its reasons.
    """

    promised: date
    legal: date
    extended: date | None
    extend_before: date


def due_dates(received: datetime, answer_within_days: int, *, extension: bool = False) -> DueDates:
    """The days by which a request received then must be answered.

    The legal month ends on the date it began, or the last of the month, and rolls past Saturdays,
    Sundays and public holidays (Regulation 1182/71 Art. 3). The promise is a number of days and
    does not roll: whoever was told four weeks counts four weeks. It is never later than the law.
    Raises ValueError for a moment without a zone or a promise under one day.
    """
    if answer_within_days < 1:
        raise ValueError("a promise is at least one day")
    first = local_day(received)
    legal = _working_day(months_later(first, 1))
    return DueDates(
        promised=min(first + timedelta(days=answer_within_days), legal),
        legal=legal,
        extended=_working_day(months_later(first, 3)) if extension else None,
        extend_before=legal,
    )


def may_extend(received: datetime, now: datetime) -> bool:
    """Whether two more months may still be taken: only inside the first (GDPR Art. 12(3))."""
    first_month = due_dates(received, 1)
    return received <= now and local_day(now) <= first_month.extend_before


def is_public_holiday(day: date) -> bool:
    """Whether Dutch law counts it as a holiday (Algemene termijnenwet Art. 3(1) and (2)).

    The fifth of May counts every year, also in those in which few people have it off. Bridge days
    that a royal decree adds for some years are left out: without them an answer is only earlier.
    """
    fixed = {(1, 1), (5, 5), (12, 25), (12, 26), (4, _kings_day(day.year))}
    return (day - easter(day.year)).days in _AROUND_EASTER or (day.month, day.day) in fixed


def _kings_day(year: int) -> int:
    """The day in April: the 27th, or the 26th where that is a Sunday (since 2014)."""
    return 26 if date(year, 4, 27).isoweekday() == 7 else 27


def _working_day(day: date) -> date:
    while day.weekday() >= _SATURDAY or is_public_holiday(day):
        day += timedelta(days=1)
    return day
