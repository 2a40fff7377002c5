"""What the desk did in a period: numbers, each chart with its table, and all of it as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_gateway import achievements as counted
from avgate_gateway.achievements import AGES, Course, OfRight, Open, Period, Totals
from avgate_gateway.authentication import Scope
from avgate_gateway.console import charts
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.downloads import csv_file
from avgate_gateway.report import OutcomeWord
from avgate_gateway.store import figures as stored
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.hand_figures import by_hand

_HERE = "/console/figures"
_LONGEST = 366  # days
PERIODS = {
    "month": "This month",
    "last_month": "Last month",
    "quarter": "This quarter",
    "year": "This year",
}
_WELL = frozenset({
    OutcomeWord.ERASED, OutcomeWord.ANONYMISED, OutcomeWord.ALREADY_GONE, OutcomeWord.SCHEDULED,
    OutcomeWord.RECTIFIED, OutcomeWord.ALREADY_RIGHT, OutcomeWord.PROVIDED, OutcomeWord.DONE_BY_HAND,
})  # fmt: skip
_STAYS = frozenset({OutcomeWord.RETAINED})
_BADLY = frozenset(
    {OutcomeWord.FAILED, OutcomeWord.UNKNOWN, OutcomeWord.RETURNED, OutcomeWord.REFUSED}
)
_TO_DO = frozenset({OutcomeWord.BY_HAND, OutcomeWord.PENDING, OutcomeWord.NOT_SEARCHABLE})


def routes(door: Door) -> list[Route]:
    return [
        door.page(_HERE, show, Scope.READ),
        door.page(f"{_HERE}.csv", download, Scope.READ),
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a page tells of a period, and of now."""

    period: Period
    totals: Totals
    rights: Mapping[str, OfRight]
    course: Sequence[Course]
    open: Open
    outcomes: Mapping[str, Mapping[OutcomeWord, int]]
    carried_out: int  # requests that outcomes and grounds are of
    grounds: Mapping[str, int]
    to_do: int
    to_do_late: int
    done: int


@dataclass(slots=True)
class CarriedOut:
    """What became of requests that were carried out; `look` adds some of them."""

    count: int = 0
    outcomes: dict[str, Counter[OutcomeWord]] = field(default_factory=dict)
    grounds: Counter[str] = field(default_factory=Counter)

    def in_order(self) -> Mapping[str, Mapping[OutcomeWord, int]]:
        """By system, and in the order of the words."""
        return {
            name: {word: words[word] for word in OutcomeWord if words[word]}
            for name, words in sorted(self.outcomes.items())
        }

    async def look(self, db: Connection, span: stored.Span) -> None:
        count, parts = await stored.ended(db, span)
        self.count += count
        for name, words in counted.outcomes(parts).items():
            self.outcomes.setdefault(name, Counter()).update(words)
        for ground, number in await stored.retained(db, span):
            self.grounds[ground or ""] += number


async def show(visit: Visit) -> Response:
    name, period, is_wrong = _asked(visit)
    found = await figures(visit, period)
    days = [one.begins for one in found.course]
    columns = charts.columns(
        [_short(day, is_by_month=period.is_by_month) for day in days],
        {
            "received": [one.received for one in found.course],
            "closed": [one.closed for one in found.course],
        },
    )
    context: dict[str, Any] = {
        "found": found,
        "answered": found.totals.answered,
        "periods": PERIODS,
        "name": name,
        "is_wrong": is_wrong,
        "columns": columns,
        "ages": charts.rows(
            {str(place): {"busy" if place < len(AGES) else "bad": count}
             for place, count in enumerate(found.open.by_age)}
        ),
        "bounds": AGES,
        "systems": charts.rows({one: _tones(words) for one, words in found.outcomes.items()}),
        "grounds": charts.rows({one: {"good": count} for one, count in found.grounds.items()}),
        "titles": visit.titles,
        "words": [word for word in OutcomeWord if any(word in one for one in found.outcomes.values())],
        "query": urlencode({"from": period.first.isoformat(), "until": period.last.isoformat()}),
    }  # fmt: skip
    return visit.sheet.page("figures.html", context)


async def figures(visit: Visit, period: Period) -> Figures:
    """Everything of a period, read anew."""
    now = visit.gateway.context.now()
    today = local_day(now)
    span = stored.Span(visit.staff.caller.controller, period.begins, period.ends)
    async with visit.gateway.context.database.read() as db:
        received = await stored.received(db, span)
        closed = await stored.closed(db, span)
        ended_at = await stored.ended_at(db, span)
        waiting = await stored.open_since(db, span.controller)
        to_do, late, done = await by_hand(db, span, today)
    ended = await carried_out(visit.gateway.context.database, span)
    return Figures(
        period=period,
        totals=counted.totals(received, closed),
        rights=counted.by_right(received, closed),
        course=counted.course(period, received, ended_at),
        open=counted.by_age(waiting, today),
        outcomes=ended.in_order(),
        carried_out=ended.count,
        grounds=dict(ended.grounds.most_common()),
        to_do=to_do,
        to_do_late=late,
        done=done,
    )


async def carried_out(
    database: Database, span: stored.Span, most: int = stored.AT_ONCE
) -> CarriedOut:
    """All requests of a span, `most` at a time: a transaction for each, so that others get theirs."""
    made = CarriedOut()
    left: stored.Span | None = span
    while left is not None:
        async with database.read() as db:
            part, left = await stored.newest(db, left, most)
            await made.look(db, part)
    return made


async def download(visit: Visit) -> Response:
    _, period, _ = _asked(visit)
    return csv_file(f"figures-{period.first}-{period.last}", as_csv(await figures(visit, period)))


def as_csv(found: Figures) -> str:
    """One figure in a line: of what, of which part, which it is, and the number."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("subject", "part", "figure", "value"))
    writer.writerows(_lines(found))
    return text.getvalue()


def _lines(found: Figures) -> Iterable[tuple[str, str, str, object]]:
    total, period = found.totals, found.period
    yield "period", "", "from", period.first.isoformat()
    yield "period", "", "until", period.last.isoformat()
    yield from (("requests", "", name, getattr(total, name)) for name in
                ("received", "closed", "rejected", "withdrawn", "extended"))  # fmt: skip
    for name, one in ({"": total.answered} | dict(found.rights)).items():
        yield "right", name, "received", one.received
        yield "right", name, "answered", one.closed
        yield "right", name, "within_promise", one.kept_promise
        yield "right", name, "within_law", one.kept_law
        median = "" if one.median_days is None else round(one.median_days, 2)
        yield "right", name, "median_days", median
    for each in found.course:
        yield "course", each.begins.isoformat(), "received", each.received
        yield "course", each.begins.isoformat(), "closed", each.closed
    bounds = [f"to_{bound}_days" for bound in AGES] + [f"over_{AGES[-1]}_days"]
    yield from (("open", "", *pair) for pair in zip(bounds, found.open.by_age, strict=True))
    yield "open", "", "past_promise", found.open.late
    yield "open", "", "past_law", found.open.unlawful
    yield "systems", "", "requests_carried_out", found.carried_out
    for name, words in found.outcomes.items():
        yield from (("systems", name, word.value, count) for word, count in words.items())
    yield from (("retained", ground, "items", count) for ground, count in found.grounds.items())
    yield "by_hand", "", "open", found.to_do
    yield "by_hand", "", "open_late", found.to_do_late
    yield "by_hand", "", "done", found.done


def _asked(visit: Visit) -> tuple[str, Period, bool]:
    """The period that was asked for, and what it is called; whether it could not be taken."""
    offered = counted.periods(local_day(visit.gateway.context.now()))
    own = visit.asked("from"), visit.asked("until")
    if any(own):
        period = own_period(*own)
        return "own", period or offered["month"], period is None
    name = visit.asked("period")
    name = name if name in offered else "month"
    return name, offered[name], False


def own_period(first: str, last: str) -> Period | None:
    """The days that were typed; None for what is no period, or longer than a year."""
    try:
        made = Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None
    is_known = date(2000, 1, 1) <= made.first and made.last <= date(2200, 1, 1)
    return made if 1 <= made.days <= _LONGEST and is_known else None


def _tones(words: Mapping[OutcomeWord, int]) -> Mapping[str, int]:
    """How many ended well, were kept, are for people to do, failed, or had nothing to do."""
    tones = {"good": _WELL, "stays": _STAYS, "open": _TO_DO, "bad": _BADLY}
    told = {tone: sum(words.get(word, 0) for word in of) for tone, of in tones.items()}
    return {**told, "quiet": sum(words.values()) - sum(told.values())}


def _short(day: date, *, is_by_month: bool) -> str:
    return f"{day:%m/%y}" if is_by_month else f"{day.day}/{day.month}"
