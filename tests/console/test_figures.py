"""The figures of a period: a handful of requests that anybody can count by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway import achievements as figures
from avgate_gateway.achievements import Course, OfRight, Open, Period
from avgate_gateway.console.charts import columns, round_up, rows
from avgate_gateway.console.figures import carried_out, own_period
from avgate_gateway.report import OutcomeWord
from avgate_gateway.store import figures as stored
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.hand_figures import by_hand
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import hand_task, item, task
from avgate_gateway.store.schema import request as request_

from ..flow.cluster import shared

KEY = b"k" * 32
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
SPAN = stored.Span("here", MARCH.begins, MARCH.ends)
TODAY = date(2026, 4, 20)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Received, closed (UTC), promised, legal, extended, closing. In the night to 29 March, an hour is left out.
REQUESTS: dict[str, tuple[str, str | None, str, str, str | None, str | None, str]] = {
    "a1": ("2026-03-01 12:00", "2026-03-03 12:00", "03-29", "04-01", None, None, "access"),
    "a2": ("2026-02-20 12:00", "2026-03-20 12:00", "03-19", "03-20", None, None, "access"),
    "a3": ("2026-02-28 23:30", "2026-03-29 21:30", "03-29", "03-29", None, None, "access"),
    "a4": ("2026-02-28 22:30", "2026-03-29 22:30", "03-29", "03-29", None, None, "access"),
    "w1": ("2026-03-05 23:30", "2026-03-10 23:30", "03-10", "03-10", None, None, "access"),
    "e1": ("2026-03-10 12:00", "2026-03-20 12:00", "03-15", "03-16", "05-16", None, "erase"),
    "e2": ("2026-03-10 12:00", "2026-03-12 12:00", "04-07", "04-10", None, "rejected", "erase"),
    "e3": ("2026-03-11 12:00", "2026-03-12 12:00", "04-07", "04-10", None, "cancelled", "erase"),
    "e4": ("2026-03-12 12:00", "2026-03-31 22:00", "04-09", "04-12", None, None, "erase"),
    "o1": ("2026-03-20 12:00", None, "04-17", "04-20", None, None, "access"),
    "o2": ("2026-03-13 12:00", None, "04-10", "04-13", None, None, "access"),
    "o3": ("2026-03-13 12:00", None, "04-10", "04-13", "06-13", None, "access"),
    "o4": ("2026-04-19 12:00", None, "05-17", "05-19", None, None, "access"),
}  # fmt: skip


def _row(name: str, controller: str = "here") -> dict[str, Any]:
    came, ended, promised, legal, extended, closing, operation = REQUESTS[name]
    return {
        "id": f"{controller}-{name}", "controller": controller, "client_id": "c", "operation": operation,
        "state": "closed" if ended else "waiting", "received_at": at(came),
        "promised": date.fromisoformat(f"2026-{promised}"), "legal": date.fromisoformat(f"2026-{legal}"),
        "extended": date.fromisoformat(f"2026-{extended}") if extended else None, "reference": "r",
        "identifier_kinds": "email", "language": "nl", "scope": {"connectors": [], "categories": []},
        "version": 1, "closing": closing, "closed_at": at(ended) if ended else None,
    }  # fmt: skip


def _task(name: str, connector: str, stage: str, **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"here-{name}", "connector": connector, "controller": "here",
        "received_at": MARCH.begins, "stage": stage, "attempts": 0, "quarantined": 0, "tally": {},
        "unseen": [], "left_earlier": [], "updated_at": MARCH.begins, "code": None, "resume": None,
        **more,
    }  # fmt: skip


def _item(place: int, name: str, state: str, ground: str | None = None) -> dict[str, Any]:
    return {
        "request_id": f"here-{name}", "connector": "crm", "digest": str(place), "category": "contact",
        "product": "general", "service_runs": False, "erasure": "delete", "state": state,
        "looks": 0, "tries": 0, "ground": ground,
    }  # fmt: skip


def _hand(name: str, due: date, done: str | None) -> dict[str, Any]:
    return {
        "id": name, "controller": "here", "request_id": "here-e1", "connector": "crm", "count": 1,
        "code": "x", "reason": "x", "due": due, "made_at": MARCH.begins,
        "completed_at": at(done) if done else None,
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path_factory.mktemp('figures') / 'f.db'}"
    if request.param == "postgresql":
        url = shared().database()
    migrate(url, KEY)
    database = Database(url, KEY)
    async with database.write() as writing:
        theirs = [_row(name, "there") for name in ("a1", "o1", "e1")]
        await writing.execute(request_.insert(), [*map(_row, REQUESTS), *theirs])
        tasks = [
            _task("a1", "crm", "done", tally={"contact/general": 2}),
            _task("a1", "directory", "done"),
            _task("a2", "crm", "done", tally={"contact/general": 5}),
            _task("a3", "crm", "done", code="cannot_find"),
            _task("e1", "crm", "done", tally={"shown": 3}),
            _task("e1", "directory", "stuck", code="unavailable", resume="locate"),
            _task("e2", "crm", "done"),  # refused: it was not carried out
            _task("e4", "crm", "done"),  # closed in another month
        ]
        await writing.execute(task.insert(), tasks)
        items = [_item(1, "e1", "erased"), _item(2, "e1", "retained", "legal_duty"),
                 _item(3, "e1", "retained", "legal_duty"), _item(4, "e1", "retained", "billing"),
                 _item(5, "e4", "retained", "billing")]  # fmt: skip
        await writing.execute(item.insert(), items)
        hands = [_hand("1", date(2026, 4, 19), None), _hand("2", date(2026, 4, 20), None),
                 _hand("3", date(2026, 3, 5), "2026-03-05 12:00"), _hand("4", date(2026, 4, 5), "2026-04-05 12:00")]  # fmt: skip
        await writing.execute(hand_task.insert(), hands)
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def db(database: Database) -> AsyncIterator[Connection]:
    async with database.read() as reading:
        yield reading


@pytest.mark.asyncio(loop_scope="module")
async def test_the_whole_of_a_month(db: Connection) -> None:
    received, closed = await stored.received(db, SPAN), await stored.closed(db, SPAN)
    total = figures.totals(received, closed)
    # a1, a3, w1, e1 to e4, o1 to o3: a3 came at half past midnight on 1 March, a4 an hour before.
    assert total.received == 10
    # a4 was closed at half past midnight on the 30th: a day late, and in March; so was w1, in winter
    # time. e4 was closed as April began.
    assert (total.closed, total.rejected, total.withdrawn, total.extended) == (8, 1, 1, 1)
    answered = total.answered
    assert answered.closed == 6
    assert answered.kept_promise == 3  # a1, a3 with half an hour to spare, e1 by its extension
    assert answered.kept_law == 4  # and a2 on its very day
    # 2, 5, 10, 28, 28.9 and 29 days: the middle lies between the third and the fourth.
    assert answered.median_days == 19


@pytest.mark.asyncio(loop_scope="module")
async def test_each_right(db: Connection) -> None:
    received, closed = await stored.received(db, SPAN), await stored.closed(db, SPAN)
    rights = figures.by_right(received, closed)
    assert rights["erase"] == OfRight(4, 1, 1, 1, 10.0)
    access = rights["access"]
    assert (access.received, access.closed, access.kept_promise, access.kept_law) == (6, 5, 2, 3)
    assert access.median_days == 28
    assert set(rights) == {"access", "erase"}


@pytest.mark.asyncio(loop_scope="module")
async def test_day_by_day_and_month_by_month(db: Connection) -> None:
    received, closed = await stored.received(db, SPAN), await stored.ended_at(db, SPAN)
    days = {
        one.begins.day: (one.received, one.closed)
        for one in figures.course(MARCH, received, closed)
    }
    assert len(days) == 31
    assert {day: pair for day, pair in days.items() if pair != (0, 0)} == {
        1: (2, 0), 3: (0, 1), 10: (2, 0), 6: (1, 0), 11: (1, 1), 12: (1, 2), 13: (2, 0), 20: (1, 2), 29: (0, 1),
        30: (0, 1),
    }  # fmt: skip
    spring = Period(date(2026, 2, 15), date(2026, 4, 30))
    span = stored.Span("here", spring.begins, spring.ends)
    received, closed = await stored.received(db, span), await stored.ended_at(db, span)
    assert figures.course(spring, received, closed) == [
        Course(date(2026, 2, 15), 2, 0), Course(date(2026, 3, 1), 10, 8), Course(date(2026, 4, 1), 1, 1),
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_open_by_its_age(db: Connection) -> None:
    # 1, 31, 38 and 38 days old; o1 and o2 are late, o3 has till June, and o2 is past the law's day.
    found = figures.by_age(await stored.open_since(db, "here"), TODAY)
    assert found == Open((1, 0, 0, 0, 3), late=3, unlawful=1)
    assert found.total == 4
    noon, never = at("2026-03-01 12:00"), date(2027, 1, 1)
    ages = [
        figures.by_age([(noon, never, never)], date(2026, 3, 1 + days)) for days in (7, 8, 28, 29)
    ]
    assert [one.by_age.index(1) for one in ages] == [0, 1, 3, 4]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_became_of_it_and_what_stays(db: Connection) -> None:
    number, parts = await stored.ended(db, SPAN)
    assert number == 6
    assert figures.outcomes(parts) == {
        "crm": {
            OutcomeWord.PROVIDED: 2,
            OutcomeWord.ERASED: 1,
            OutcomeWord.NOT_SEARCHABLE: 1,
        },
        "directory": {OutcomeWord.FAILED: 1, OutcomeWord.NOTHING_HELD: 1},
    }
    assert dict(await stored.retained(db, SPAN)) == {"legal_duty": 2, "billing": 1}
    assert await by_hand(db, SPAN, TODAY) == (2, 1, 1)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("most", [1, 2, 4, 5, 6, 7, 1000])
async def test_all_are_counted_however_few_at_once(most: int, database: Database) -> None:
    found = await carried_out(database, SPAN, most)
    assert found.count == 6
    assert found.in_order() == {
        "crm": {
            OutcomeWord.ERASED: 1,
            OutcomeWord.PROVIDED: 2,
            OutcomeWord.NOT_SEARCHABLE: 1,
        },
        "directory": {OutcomeWord.FAILED: 1, OutcomeWord.NOTHING_HELD: 1},
    }
    assert found.grounds == {"legal_duty": 2, "billing": 1}


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_of_one_moment_stay_together_and_each_transaction_is_short(
    db: Connection,
) -> None:
    part, left = await stored.newest(db, SPAN, 1)  # a4; then a3, w1, a2 and e1 at one moment, a1
    sizes = [(await stored.ended(db, part))[0]]
    while left is not None:
        part, left = await stored.newest(db, left, 1)
        sizes.append((await stored.ended(db, part))[0])
    assert sizes == [1, 1, 2, 1, 1, 0]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_index_alone_tells_how_a_period_went(db: Connection) -> None:
    if db.dialect.name != "sqlite":
        return  # which decides by how many rows there are
    asked = {"controller": "here", "begins": MARCH.begins, "ends": MARCH.ends, "before_it": 5}
    for statement, index in (
        (stored._ENDED, "COVERING INDEX ix_request_closed"),
        (stored._RECEIVED, "COVERING INDEX ix_request_controller_operation_received_at_id"),
        (stored._OPEN, "INDEX ix_request_open"),
        (stored._NUMBER, "COVERING INDEX ix_request_closed"),
        (stored._LAST, "COVERING INDEX ix_request_closed"),
        (stored._GROUNDS, "COVERING INDEX ix_item_retained"),
    ):
        known = {name: asked[name] for name in statement.compile().params if name in asked}
        written = statement.params(known).compile(
            dialect=db.dialect, compile_kwargs={"literal_binds": True}
        )
        plan = sa.text(f"EXPLAIN QUERY PLAN {written}".replace(":", "\\:"))
        told = " ".join(str(row) for row in await db.execute(plan))
        assert index in told, told


@pytest.mark.parametrize(
    ("hours", "median"),
    [
        ({}, None),
        ({24: 1}, 1.0),
        ({24: 1, 72: 1}, 2.0),
        ({0: 5, 240: 4}, 0.0),
        ({0: 2, 48: 2}, 1.0),
    ],
)
def test_the_middle(hours: dict[int, int], median: float | None) -> None:
    assert figures.median_days(hours) == median


@pytest.mark.parametrize(
    ("today", "name", "first", "last"),
    [
        ("2026-01-01", "month", "2026-01-01", "2026-01-01"),
        ("2026-01-01", "last_month", "2025-12-01", "2025-12-31"),
        ("2026-03-31", "last_month", "2026-02-01", "2026-02-28"),
        ("2026-05-05", "quarter", "2026-04-01", "2026-05-05"),
        ("2026-12-31", "quarter", "2026-10-01", "2026-12-31"),
        ("2026-12-31", "year", "2026-01-01", "2026-12-31"),
    ],
)
def test_periods_end_today(today: str, name: str, first: str, last: str) -> None:
    found = figures.periods(date.fromisoformat(today))[name]
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("first", "last", "is_one"),
    [
        ("2026-01-01", "2026-01-01", True),
        ("2026-01-02", "2026-01-01", False),
        ("2024-01-01", "2024-12-31", True),
        ("2025-01-01", "2026-01-02", False),
        ("", "2026-01-01", False),
        ("0001-01-01", "0001-01-02", False),
        ("9999-12-31", "9999-12-31", False),
    ],
)
def test_a_period_of_ones_own_is_a_year_at_most(first: str, last: str, *, is_one: bool) -> None:
    assert (own_period(first, last) is not None) is is_one


def test_columns_stand_within_the_drawing_and_are_as_high_as_they_count() -> None:
    drawn = columns(["a", "b"], {"received": [4, 8], "closed": [0, 2]})
    tall = {(bar.kind, bar.label): bar.height for bar in drawn.bars}
    assert tall["received", "b"] == 2 * tall["received", "a"] == 4 * tall["closed", "b"]
    assert tall["closed", "a"] == 0
    assert all(bar.x >= drawn.left and bar.x + bar.width <= drawn.width for bar in drawn.bars)
    lefts = sorted(bar.x for bar in drawn.bars)
    assert lefts == sorted(set(lefts))
    assert [mark.text for mark in drawn.lines] == ["0", "2", "4", "6", "8"]
    assert columns([], {"received": []}).bars == []


def test_lying_bars_are_parts_of_the_longest() -> None:
    long, short = rows({"a": {"good": 6, "bad": 2}, "b": {"good": 0, "bad": 2}})
    assert [(bar.x, bar.width, bar.kind) for bar in long.parts] == [
        (0, 75, "good"),
        (75, 25, "bad"),
    ]
    assert [(bar.x, bar.width, bar.kind) for bar in short.parts] == [(0, 25, "bad")]
    assert (long.total, short.total) == (8, 2)


@pytest.mark.parametrize("number", [0, 1, 4, 5, 9, 11, 25, 79, 80, 81, 99, 101, 4_321, 999_999])
def test_an_axis_ends_at_a_round_number_above_all(number: int) -> None:
    top = round_up(number)
    assert top >= max(number, 4)
    assert top % 4 == 0
    assert top <= max(2 * number, 4)
