from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from avgate_contracts import AMSTERDAM, local_day


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 1, 22, 59, 59, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 23, tzinfo=UTC), date(2026, 1, 2)),
        (datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 7, 1, 23, 59, tzinfo=AMSTERDAM), date(2026, 7, 1)),
    ],
)
def test_a_day_begins_at_dutch_midnight_in_winter_and_in_summer(
    moment: datetime, day: date
) -> None:
    assert local_day(moment) == day


def test_a_moment_without_a_zone_is_dutch_wherever_the_machine_stands() -> None:
    assert local_day(datetime(2026, 7, 1, 23, 30)) == date(2026, 7, 1)  # noqa: DTZ001 -- its point


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime.max.replace(tzinfo=UTC), date.max),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), date.min),
    ],
)
def test_the_ends_of_the_calendar_are_days_too(moment: datetime, day: date) -> None:
    assert local_day(moment) == day
