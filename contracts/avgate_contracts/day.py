"""On which day something happened, as people here count days."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local_day(moment: datetime) -> date:
    """The Dutch calendar day of a moment: numbers change hands on Dutch days.

    One that names no zone is taken for Dutch time, never for that of the machine; so is one at the
    very ends of the calendar, which others write for "never", and which is no moment elsewhere.
    """
    with suppress(OverflowError):
        return moment.astimezone(AMSTERDAM).date() if moment.tzinfo else moment.date()
    return moment.date()
