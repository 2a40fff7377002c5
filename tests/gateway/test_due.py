from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_gateway.due import DueDates, due_dates, is_public_holiday, may_extend
from avgate_gateway.retention import AMSTERDAM

FOUR_WEEKS = 28
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 -- the strategy adds the zone
    max_value=datetime(2040, 12, 31),  # noqa: DTZ001 -- the strategy adds the zone
    timezones=st.just(UTC),
)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=AMSTERDAM)


def legal(received: str) -> str:
    return due_dates(noon(received), FOUR_WEEKS).legal.isoformat()


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        ("2026-03-02", "2026-04-02"),  # the same date
        ("2025-08-31", "2025-09-30"),  # no 31st: the last of the month
        ("2024-01-31", "2024-02-29"),
        ("2026-05-29", "2026-06-29"),
        ("2026-01-28", "2026-03-02"),  # a Saturday: the Monday after
        ("2026-02-01", "2026-03-02"),  # a Sunday
        ("2026-03-03", "2026-04-07"),  # Good Friday, Easter and its Monday
        ("2026-03-27", "2026-04-28"),  # King's Day on a Monday
        ("2027-03-27", "2027-04-28"),  # King's Day on a Tuesday
        ("2026-04-05", "2026-05-06"),  # the fifth of May, in a year that few have it off
        ("2026-04-14", "2026-05-15"),  # Ascension Day
        ("2026-04-25", "2026-05-26"),  # Whit Monday
        ("2026-11-25", "2026-12-28"),  # Christmas, then a week-end
        ("2025-12-01", "2026-01-02"),  # New Year's Day
    ],
)
def test_the_legal_month_ends_on_its_date_or_the_next_working_day(
    received: str, last_day: str
) -> None:
    assert legal(received) == last_day


def test_a_request_just_after_midnight_in_the_netherlands_is_of_that_day() -> None:
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    assert due_dates(late, FOUR_WEEKS) == DueDates(
        promised=date(2026, 6, 30),
        legal=date(2026, 7, 2),
        extended=None,
        extend_before=date(2026, 7, 2),
    )


@given(MOMENTS)
def test_the_promise_of_four_weeks_is_kept_to_the_day_and_never_after_the_law(
    received: datetime,
) -> None:
    due = due_dates(received, FOUR_WEEKS)
    assert due.promised - received.astimezone(AMSTERDAM).date() == timedelta(days=FOUR_WEEKS)
    assert due.promised <= due.legal


def test_a_promise_longer_than_the_law_allows_is_cut_to_the_law() -> None:
    due = due_dates(noon("2026-06-01"), 60)
    assert due.promised == due.legal == date(2026, 7, 1)


def test_an_extension_adds_two_months_to_the_first() -> None:
    due = due_dates(noon("2026-03-02"), FOUR_WEEKS, extension=True)
    assert due.extended == date(2026, 6, 2)
    assert due.legal == date(2026, 4, 2)


def test_an_extended_month_rolls_as_the_first_does() -> None:
    assert due_dates(noon("2025-11-30"), 28, extension=True).extended == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("now", "may"),
    [
        (noon("2026-06-01") - timedelta(seconds=1), False),
        (noon("2026-06-01"), True),
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), False),
    ],
)
def test_an_extension_is_possible_inside_the_first_month_only(now: datetime, may: bool) -> None:
    assert may_extend(noon("2026-06-01"), now) is may


@pytest.mark.parametrize("days", [0, -1])
def test_a_promise_of_nothing_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        due_dates(noon("2026-06-01"), days)


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01",  # New Year's Day
        "2026-04-03",  # Good Friday
        "2026-04-05",  # Easter Sunday
        "2026-04-06",  # Easter Monday
        "2026-04-27",  # King's Day
        "2025-04-26",  # the same, a day early when the 27th is a Sunday
        "2026-05-05",  # Liberation Day, in a year in which few have it off
        "2026-05-14",  # Ascension Day
        "2026-05-25",  # Whit Monday
        "2026-12-25",
        "2026-12-26",
        "2038-04-26",  # Easter as late as it gets for decades, on the day after King's Day
    ],
)
def test_every_day_that_the_statute_names_is_a_public_holiday(day: str) -> None:
    assert is_public_holiday(date.fromisoformat(day))


def test_the_public_holidays_are_those_of_a_calendar_library() -> None:
    years = range(2014, 2101)
    theirs = set(holidays.country_holidays("NL", years=years, categories=("public", "optional")))
    days = (date(years[0], 1, 1) + timedelta(days=n) for n in range(365 * len(years) + 22))
    assert {day for day in days if day.year in years and is_public_holiday(day)} == theirs


@pytest.mark.parametrize("day", ["2026-04-28", "2026-05-04", "2026-12-24", "2026-12-31"])
def test_a_day_that_the_statute_does_not_name_is_none(day: str) -> None:
    assert not is_public_holiday(date.fromisoformat(day))


@given(MOMENTS)
def test_the_last_day_by_law_is_always_a_working_day_within_a_week_of_the_date(
    received: datetime,
) -> None:
    due = due_dates(received, FOUR_WEEKS, extension=True)
    assert due.extended is not None
    for last in (due.legal, due.extended):
        assert last.isoweekday() <= 5
        assert not is_public_holiday(last)
    month = due.legal - received.astimezone(AMSTERDAM).date()
    assert timedelta(days=28) <= month <= timedelta(days=31 + 5)
