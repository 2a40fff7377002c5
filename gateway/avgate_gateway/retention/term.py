"""Terms in calendar months, and the Dutch days they are counted in."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

_WHILE_DELIVERED = "while_delivered"
_TERM = re.compile(r"([1-9][0-9]{0,2}) (month|year)s?")
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Term:
    """How long a purpose needs the data; `months` is None for as long as the service runs (∞)."""

    text: str
    months: int | None

    @classmethod
    def of(cls, text: str) -> Term:
        """Reads "6 months", "7 years" or "while_delivered"; raises ValueError for anything else."""
        if text == _WHILE_DELIVERED:
            return cls(text, None)
        found = _TERM.fullmatch(text)
        if found is None:
            raise ValueError('a term is written "6 months", "7 years" or "while_delivered"')
        return cls(text, int(found[1]) * _MONTHS[found[2]])


def local_day(moment: datetime) -> date:
    """The day it is in the Netherlands at that moment; raises ValueError without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone: UTC, as everywhere inside")
    try:
        return moment.astimezone(AMSTERDAM).date()
    except OverflowError:  # the first or last day there is, which upstreams use for "never"
        return moment.date()


def months_later(day: date, months: int) -> date:
    """The same date so many months on, or the last of that month where it has no such date.

    Regulation 1182/71 Art. 3(2)(c). Beyond the last day there is, that last day.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
