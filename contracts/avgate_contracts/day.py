"""On which day something happened, as people here count days."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local_day(moment: datetime) -> date:
    """The Dutch calendar day of a moment: numbers change hands on Dutch days.

    One that names no zone is taken for Dutch time, never for that of the machine.
    """
    return moment.astimezone(AMSTERDAM).date() if moment.tzinfo else moment.date()
