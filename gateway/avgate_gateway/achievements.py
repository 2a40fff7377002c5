"""What a desk did in a period, from what was counted: pure, so that a table by hand can be set beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from avgate_contracts.day import AMSTERDAM, local_day
from avgate_contracts.vocabulary import Operation
from avgate_gateway.ending import ending
from avgate_gateway.report import OutcomeWord
from avgate_gateway.store import earlier, unseen
from avgate_gateway.store.figures import Closed, Part
from avgate_gateway.store.tasks import Stage, Task, TaskCode

_HOURS = 3600
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_BY_DAY = 62  # days; what is longer is shown by month
AGES = (7, 14, 21, 28)  # days: the bounds of how old what is open is


@dataclass(frozen=True, slots=True)
class Period:
    """Whole Dutch days, from the first to the last, which counts too."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), AMSTERDAM)

    @property
    def ends(self) -> datetime:
        """The moment at which the last day is over."""
        return datetime.combine(self.last + timedelta(days=1), time(), AMSTERDAM)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_by_month(self) -> bool:
        return self.days > _BY_DAY


@dataclass(frozen=True, slots=True)
class Course:
    """What came in and what was closed on one day, or in one month, that begins with this day."""

    begins: date
    received: int
    closed: int


@dataclass(frozen=True, slots=True)
class OfRight:
    """One right: what came in, and of what was closed how much was answered in time, and how soon."""

    received: int = 0
    closed: int = 0  # answered: what was withdrawn or refused is not
    kept_promise: int = 0
    kept_law: int = 0
    median_days: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers that a report begins with."""

    received: int
    closed: int  # with what was withdrawn or refused
    answered: OfRight
    rejected: int
    withdrawn: int
    extended: int


@dataclass(frozen=True, slots=True)
class Open:
    """What is open now: how many by age, and how many are past the day that was promised, or the law's."""

    by_age: tuple[int, ...]  # up to each of AGES days, and older
    late: int
    unlawful: int

    @property
    def total(self) -> int:
        return sum(self.by_age)


def totals(received: Iterable[tuple[str, int, int]], closed: Sequence[Closed]) -> Totals:
    """The whole of a period."""
    answered = [one for one in closed if one.closing not in {"rejected", "cancelled"}]
    came = sum(count for _, _, count in received)
    return Totals(
        received=came,
        closed=sum(one.count for one in closed),
        answered=_of_right(came, answered),
        rejected=sum(one.count for one in closed if one.closing == "rejected"),
        withdrawn=sum(one.count for one in closed if one.closing == "cancelled"),
        extended=sum(one.count for one in closed if one.was_extended),
    )


def by_right(
    received: Iterable[tuple[str, int, int]], closed: Iterable[Closed]
) -> Mapping[str, OfRight]:
    """Each operation that there was one of, by its name."""
    came: Counter[str] = Counter()
    for operation, _, count in received:
        came[operation] += count
    ended: dict[str, list[Closed]] = {}
    for one in closed:
        if one.closing not in {"rejected", "cancelled"}:
            ended.setdefault(one.operation, []).append(one)
    names = sorted({*came, *ended})
    return {name: _of_right(came[name], ended.get(name, [])) for name in names}


def _of_right(received: int, answered: Sequence[Closed]) -> OfRight:
    hours: Counter[int] = Counter()
    for one in answered:
        hours[one.hours] += one.count
    return OfRight(
        received=received,
        closed=sum(one.count for one in answered),
        kept_promise=sum(one.count for one in answered if one.kept_promise),
        kept_law=sum(one.count for one in answered if one.kept_law),
        median_days=median_days(hours),
    )


def median_days(hours: Mapping[int, int]) -> float | None:
    """The middle of so many durations, each in whole hours, in days; of two in the middle, between."""
    total = sum(hours.values())
    if total == 0:
        return None
    low, high = (total - 1) // 2, total // 2
    middle: list[int] = []
    passed = 0
    for hour in sorted(hours):
        passed += hours[hour]
        while len(middle) < 2 and (low, high)[len(middle)] < passed:
            middle.append(hour)
    return sum(middle) / 2 / 24


def course(
    period: Period, received: Iterable[tuple[str, int, int]], closed: Iterable[tuple[int, int]]
) -> Sequence[Course]:
    """How a period went, day by day or month by month, those without anything included."""
    came: Counter[date] = Counter()
    for _, hour, count in received:
        came[_stretch(period, hour)] += count
    ended: Counter[date] = Counter()
    for hour, count in closed:
        ended[_stretch(period, hour)] += count
    return [Course(day, came[day], ended[day]) for day in _stretches(period)]


def _stretch(period: Period, hour: int) -> date:
    """The day or month in which an hour lies; Dutch days begin with whole hours."""
    day = local_day(datetime.fromtimestamp(hour * _HOURS, AMSTERDAM))
    return max(day.replace(day=1), period.first) if period.is_by_month else day


def _stretches(period: Period) -> Iterable[date]:
    day = period.first
    while day <= period.last:
        yield day
        next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        day = next_month if period.is_by_month else day + timedelta(days=1)


def by_age(requests: Iterable[tuple[datetime, date, date]], today: date) -> Open:
    """What is open: when it came in, by when it was promised, by when the law wants it."""
    ages = [0] * (len(AGES) + 1)
    late = unlawful = 0
    for came, promised, legal in requests:
        age = (today - local_day(came)).days
        ages[sum(age > bound for bound in AGES)] += 1
        late += promised < today
        unlawful += legal < today
    return Open(tuple(ages), late, unlawful)


def periods(today: date) -> Mapping[str, Period]:
    """The periods that are offered, by their names."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return {
        "month": Period(month, today),
        "last_month": Period(before, month - timedelta(days=1)),
        "quarter": Period(quarter, today),
        "year": Period(today.replace(month=1, day=1), today),
    }


def outcomes(parts: Iterable[Part]) -> Mapping[str, Mapping[OutcomeWord, int]]:
    """How each system's parts ended, in the order of the words, as a request's own page says it."""
    found: dict[str, Counter[OutcomeWord]] = {}
    for one in parts:
        found.setdefault(one.connector, Counter())[_word(one)] += one.count
    return {
        name: {word: counts[word] for word in OutcomeWord if counts[word]}
        for name, counts in sorted(found.items())
    }


def _word(part: Part) -> OutcomeWord:
    as_task = Task(
        request_id="",
        connector=part.connector,
        stage=Stage(part.stage),
        attempts=0,
        updated_at=_NEVER,
        resume=part.resume,
        code=TaskCode(part.code) if part.code else None,
        tally=json.loads(part.tally),
        unseen=unseen.from_json(json.loads(part.unseen)),
        left_earlier=earlier.from_json(json.loads(part.left_earlier)),
    )
    operation = Operation(part.operation)
    word = ending(operation, as_task, part.states, is_narrowed=part.is_narrowed)
    return word or OutcomeWord.PENDING
