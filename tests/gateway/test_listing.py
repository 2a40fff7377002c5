"""Lists of requests: what is in a page, and that it is found by walking one index.

At a million requests a list that passes over rows costs seconds: so which index leads, and that nothing
is sorted, is held here for every combination of filters.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
import sqlalchemy as sa

from avgate_contracts.vocabulary import Operation
from avgate_gateway.due import LONGEST_PROMISE, OLDEST_SUBMISSION, due_dates
from avgate_gateway.request import Scope, State, SubjectRequest
from avgate_gateway.store import items, lists, requests, tasks
from avgate_gateway.store.database import Database
from avgate_gateway.store.lists import NEWEST, Wanted, listing
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.requests import Sealed

OURS, CONNECTORS = "libervoice", ("operator", "xelion")
LATEST = datetime(
    2026, 3, 31, 22, 30, tzinfo=UTC
)  # half past midnight of the next day, in Amsterdam
ALL, OPERATION, REFERENCE, OPEN, TASK = (
    "ix_request_controller_received_at_id",
    "ix_request_controller_operation_received_at_id",
    "ix_request_controller_reference_received_at_id",
    "ix_request_open",
    "ix_task_controller_connector_received_at_request_id",
)


def made() -> Iterator[tuple[SubjectRequest, list[str]]]:
    chance = random.Random(7)  # noqa: S311 -- invented requests, the same each time
    for number in range(120):
        received = LATEST - timedelta(
            hours=13 * (number // 2)
        )  # two of each moment: the id decides
        due = due_dates(received, chance.choice([1, 28]))
        request = SubjectRequest(
            id=f"{chance.getrandbits(128):032x}",
            controller=OURS if number % 5 else "mister-voip",
            client_id="desk",
            operation=chance.choice([Operation.ACCESS, Operation.ERASE, Operation.EXPORT]),
            state=chance.choice([State.CLOSED, State.CLOSED, State.WAITING, State.RUNNING]),
            waiting_for=None,
            received_at=received,
            promised=due.promised,
            legal=due.legal,
            reference=f"s-{number % 7}",
            identifier_kinds=("phone",),
            language="nl",
            scope=Scope(),
            version=1,
        )
        yield request, [name for name in CONNECTORS if chance.random() < 0.6]


ROWS = list(made())


def wishes() -> Iterator[Wanted]:
    places = [None, (LATEST - timedelta(days=9), "7" * 32)]
    days = [None, date.min, date(2026, 3, 20), date(2026, 4, 28), date.max]
    for state, operation, connector, reference, due, after in itertools.product(
        [None, "closed", "waiting", "received"],
        [None, "erase", "object"],
        [None, "operator", "nowhere"],
        [None, "s-3"],
        days,
        places,
    ):
        yield Wanted(OURS, state, operation, connector, reference, due, after, limit=30)


def expected(wanted: Wanted) -> list[str]:
    found = [
        request
        for request, names in ROWS
        if request.controller == wanted.controller
        and wanted.state in {None, request.state.value}
        and wanted.operation in {None, request.operation.value}
        and wanted.reference in {None, request.reference}
        and (wanted.connector is None or wanted.connector in names)
        and (wanted.due_before is None or request.promised < wanted.due_before)
        and (wanted.after is None or (request.received_at, request.id) < wanted.after)
    ]
    ordered = sorted(found, key=lambda request: (request.received_at, request.id), reverse=True)
    return [request.id for request in ordered[: wanted.limit]]


def leading(wanted: Wanted) -> str:
    """The index that leads to the fewest rows."""
    if wanted.reference is not None:
        return REFERENCE
    if wanted.state not in {None, "closed"}:
        return OPEN
    if wanted.operation is not None:
        return OPERATION
    return ALL if wanted.connector is None else TASK


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'list.db'}"
    migrate(url)
    database = Database(url)
    async with database.write() as db:
        for request, names in ROWS:
            await requests.add(db, request, Sealed(None, None, None))
            await tasks.add(db, request, names)
    yield database
    await database.close()


async def test_a_list_holds_what_was_asked_for_newest_first(database: Database) -> None:
    async with database.read() as db:
        for wanted in list(wishes())[
            ::7
        ]:  # seven and the sizes of the choices have no factor in common
            found = [request.id for request in await lists.listed(db, wanted)]
            assert found == expected(wanted), wanted


async def test_a_short_promise_is_listed_behind_a_long_one_of_earlier(database: Database) -> None:
    first, ours = datetime(2025, 1, 1, tzinfo=UTC), "a controller that promised less later on"
    for received, days in ((0, 28), (20, 1)):
        at = first + timedelta(days=received)
        promised = (at + timedelta(days=days)).date()
        made = replace(
            ROWS[0][0], id=f"r-{days}", controller=ours, received_at=at, promised=promised
        )
        async with database.write() as db:
            await requests.add(db, made, Sealed(None, None, None))
    due = (
        first.date() + timedelta(days=22) + LONGEST_PROMISE
    )  # only the long one is promised near it
    async with database.read() as db:
        found = await lists.listed(db, Wanted(ours, due_before=due))
    assert [request.id for request in found] == ["r-1", "r-28"]


async def test_what_was_recorded_after_its_promise_is_listed_too(database: Database) -> None:
    """Days are counted from when the person asked, which may be a month before it is recorded."""
    asked, ours = datetime(2025, 1, 1, 9, tzinfo=UTC), "a controller that was told late"
    received, due = asked + OLDEST_SUBMISSION, due_dates(asked, 1)
    made = replace(
        ROWS[0][0], id="r-late", controller=ours, received_at=received, promised=due.promised,
        submitted_at=asked,
    )  # fmt: skip
    async with database.write() as db:
        await requests.add(db, made, Sealed(None, None, None))
    for days in range(1, 100):
        wanted = Wanted(ours, due_before=due.promised + timedelta(days=days))
        async with database.read() as db:
            assert [one.id for one in await lists.listed(db, wanted)] == ["r-late"], days


async def test_the_walk_begins_at_what_was_promised_and_not_days_after_it(
    database: Database,
) -> None:
    received, ours = datetime(2025, 6, 2, 9, tzinfo=UTC), "a controller of one request"
    due = due_dates(received, 28)
    made = replace(
        ROWS[0][0], id="r-one", controller=ours, received_at=received, promised=due.promised
    )
    async with database.write() as db:
        await requests.add(db, made, Sealed(None, None, None))
    async with database.read() as db:
        begins = await lists._newest(db, ours, due.promised + timedelta(days=1))
    assert begins == received


async def test_pages_that_follow_one_another_hold_everything_once(database: Database) -> None:
    for all_of_them in (
        Wanted(OURS, limit=1000),
        Wanted(OURS, limit=1000, connector="operator"),
        Wanted(OURS, limit=1000, state="waiting"),
        Wanted(OURS, limit=1000, operation="erase"),
    ):
        wanted, found = replace(all_of_them, limit=7), list[str]()
        async with database.read() as db:
            while page := await lists.listed(db, wanted):
                found += [request.id for request in page]
                wanted = replace(wanted, after=(page[-1].received_at, page[-1].id))
        assert found == expected(all_of_them)


def test_a_list_walks_the_index_that_leads_to_the_fewest_rows_and_sorts_nothing(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'list.db'}"
    migrate(url)
    with sa.create_engine(url).connect() as connection:
        for wanted in wishes():
            first, *more = steps_of(connection, listing(wanted))
            assert f" {leading(wanted)} " in f"{first} ", (wanted, first)
            assert not any("B-TREE" in step or "SCAN" in step for step in (first, *more)), wanted


def steps_of(connection: sa.Connection, statement: sa.Select[Any]) -> list[str]:
    """The steps that SQLite takes for a statement, in its own words."""
    sent = list[tuple[str, Any]]()
    engine = connection.engine

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        sent.append((text, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    connection.execute(statement).all()
    sa.event.remove(engine, "before_cursor_execute", note)
    [(text, values)] = sent
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]


def test_where_the_walk_of_what_is_due_begins_takes_one_look_for_each_day(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'list.db'}"
    migrate(url)
    days = {name: date(2026, 3, 1) for name in NEWEST.compile().params if name.startswith("day_")}
    with sa.create_engine(url).connect() as connection:
        steps = steps_of(connection, NEWEST.params(controller=OURS, **days))
    looks = [step for step in steps if step.startswith("SEARCH request")]
    assert len(looks) == len(days) == (LONGEST_PROMISE + OLDEST_SUBMISSION).days
    assert {step.partition(" INDEX ")[2] for step in looks} == {
        "ix_request_controller_promised_received_at (controller=? AND promised=?)"
    }


def test_no_promise_is_longer_than_the_longest() -> None:
    for number in range(366 * 28):  # days of the week and leap years come round in 28
        received = datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
        assert due_dates(received, 366).promised - received.date() < LONGEST_PROMISE


def test_items_that_are_due_are_found_in_the_order_of_their_index(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'list.db'}"
    migrate(url)
    values = {"request_id": "r", "connector": "c", "now": LATEST, "limit": 9, "states": ["erased"]}
    with sa.create_engine(url).connect() as connection:
        steps = steps_of(connection, items.DUE.params(values))
    assert [step.partition(" (")[0] for step in steps] == ["SEARCH item USING INDEX ix_item_look"]
