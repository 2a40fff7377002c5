"""Counting what a controller's desk did in a period, so that a million requests do not make it slow.

What is counted over all of a period is read from an index alone. What takes a look at every item is
counted for the newest part of a period, and then for the newest of what is left: no transaction is
long, and whoever waits for a connection meanwhile gets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa

from avgate_contracts.day import AMSTERDAM, local_day
from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import COPIES
from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.schema import OPEN, item, request, task

AT_ONCE: Final = 2_000  # requests whose items are looked at in one transaction
CLOSED = request.c.state == sa.literal_column("'closed'")  # as its index says it, to the letter
RETAINED = item.c.state == sa.literal_column("'retained'")
sa.Index(
    "ix_request_closed",
    request.c.controller, request.c.closed_at, request.c.operation, request.c.closing,
    request.c.received_at, request.c.promised, request.c.legal, request.c.extended, request.c.id,
    sqlite_where=CLOSED, postgresql_where=CLOSED,
)  # fmt: skip
sa.Index(
    "ix_item_retained", item.c.request_id, item.c.ground,
    sqlite_where=RETAINED, postgresql_where=RETAINED,
)  # fmt: skip
_HOUR = 3_600_000_000  # microseconds
_SOME_DAYS = timedelta(days=3)
_IN_THREAD = {HEAVY: True}


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from the first up to the other; a controller's."""

    controller: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """Requests that ended alike, after as many whole hours.

    `kept_promise` and `kept_law`: on or before the day that was promised, and that the law sets.
    """

    operation: str
    closing: str | None
    kept_promise: bool
    kept_law: bool
    was_extended: bool
    hours: int
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """Parts of closed requests that ended alike, at one system.

    `tally`, `unseen` and `left_earlier` are those of the task, as JSON; `tally` of a rectification
    alone, and of an access or export only whether there is any. `states` are those that its items are in.
    """

    connector: str
    operation: str
    is_narrowed: bool
    stage: str
    code: str | None
    resume: str | None
    tally: str
    unseen: str
    left_earlier: str
    states: frozenset[ItemState]
    count: int


async def received(db: Connection, span: Span) -> Sequence[tuple[str, int, int]]:
    """How many requests of each operation came in within each hour, counted from 1970."""
    return [(of, hour, n) for of, hour, n in await db.execute(_RECEIVED, _asked(span))]


async def ended_at(db: Connection, span: Span) -> Sequence[tuple[int, int]]:
    """How many requests were closed within each hour, counted from 1970."""
    return [(hour, n) for hour, n in await db.execute(_ENDED, _asked(span))]


async def closed(db: Connection, span: Span) -> Sequence[Closed]:
    """Requests that were closed in the period."""
    ends = _day_ends(span)
    alike = (
        request.c.operation,
        request.c.closing,
        _in_time(sa.func.coalesce(request.c.extended, request.c.promised), ends),
        _in_time(sa.func.coalesce(request.c.extended, request.c.legal), ends),
        sa.case((request.c.extended.is_(None), 0), else_=1),
        _TOOK,
    )
    named = [column.label(f"of_{place}") for place, column in enumerate(alike)]
    each = sa.select(*named).where(*_IN_SPAN).subquery()
    query = sa.select(*each.c, sa.func.count()).group_by(*each.c).execution_options(**_IN_THREAD)
    found = await db.execute(query, _asked(span))
    return [
        Closed(of, closing, bool(promise), bool(law), bool(longer), hours, count)
        for of, closing, promise, law, longer, hours, count in found
    ]


async def open_since(db: Connection, controller: str) -> Sequence[tuple[datetime, date, date]]:
    """When each open request came in, by when it was promised, and by when the law wants it."""
    found = await db.execute(_OPEN, {"controller": controller})
    return [(at, promised, extended or legal) for at, promised, legal, extended in found]


async def newest(db: Connection, span: Span, most: int = AT_ONCE) -> tuple[Span, Span | None]:
    """The newest part of a span, with about so many requests that were carried out, and what is left.

    Requests that were closed at the same moment stay together.
    """
    found = await db.execute(_LAST, {**_asked(span), "before_it": most - 1})
    begins: datetime | None = found.scalar()
    if begins is None or begins <= span.begins:
        return span, None
    return replace(span, begins=begins), replace(span, ends=begins)


async def ended(db: Connection, span: Span) -> tuple[int, Sequence[Part]]:
    """How many requests were carried out, and how each system's part in them ended."""
    number = (await db.execute(_NUMBER, _asked(span))).scalar_one()
    parts = await db.execute(_PARTS, _asked(span))
    return int(number), [_part(*row) for row in parts]


async def retained(db: Connection, span: Span) -> Sequence[tuple[str | None, int]]:
    """Items that stay, by their ground, of the same requests."""
    found = await db.execute(_GROUNDS, _asked(span))
    return [(ground, count) for ground, count in found]


def _asked(span: Span) -> dict[str, Any]:
    return {"controller": span.controller, "begins": span.begins, "ends": span.ends}


def _part(*row: Any) -> Part:
    name, operation, is_narrowed, stage, code, resume, tally, hidden, left, mask, count = row
    states = frozenset(state for place, state in enumerate(ItemState) if mask >> place & 1)
    return Part(
        name, operation, bool(is_narrowed), stage, code, resume, tally or "{}", hidden or "[]",
        left or "[]", states, count,
    )  # fmt: skip


def _micros(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A moment as it stands in the database."""
    return sa.type_coerce(column, sa.BigInteger)


def _hours(number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return number // sa.literal(_HOUR, sa.BigInteger)


def _text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.Text)


def _day_ends(span: Span) -> Sequence[tuple[date, int]]:
    """From which days on a Dutch day ends so many seconds before midnight in UTC.

    Only days around the period matter: what is due on any other was kept, or was not, by far.
    """
    first, last = local_day(span.begins) - _SOME_DAYS, local_day(span.ends) + _SOME_DAYS
    found: list[tuple[date, int]] = []
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        ends = datetime.combine(day + timedelta(days=1), time(), AMSTERDAM)
        offset = int((ends.utcoffset() or timedelta()).total_seconds())
        if not found or found[-1][1] != offset:
            found.append((day, offset))
    return found


def _in_time(
    due: sa.ColumnElement[date], ends: Sequence[tuple[date, int]]
) -> sa.ColumnElement[int]:
    """1 where a request was closed before its day had ended in the Netherlands."""
    begins = [(due >= sa.literal(day, sa.Date), offset) for day, offset in ends[:0:-1]]
    offset = sa.case(*begins, else_=ends[0][1]) if begins else sa.literal(ends[0][1])
    seconds = sa.extract("epoch", due) + 86_400 - offset
    return sa.case((_micros(request.c.closed_at) < seconds * 1_000_000, 1), else_=0)


_IN_SPAN = (
    request.c.controller == sa.bindparam("controller"),
    CLOSED,
    request.c.closed_at >= sa.bindparam("begins"),
    request.c.closed_at < sa.bindparam("ends"),
)
_CAME_AT = _hours(_micros(request.c.received_at)).label("hour")
_RECEIVED = (
    sa.select(request.c.operation, _CAME_AT, sa.func.count())
    .where(
        request.c.controller == sa.bindparam("controller"),
        request.c.operation.in_([one.value for one in Operation]),  # so that an index has it all
        request.c.received_at >= sa.bindparam("begins"),
        request.c.received_at < sa.bindparam("ends"),
    )
    .group_by(request.c.operation, _CAME_AT)
    .execution_options(**_IN_THREAD)
)
_TOOK = _hours(_micros(request.c.closed_at) - _micros(request.c.received_at))
_ENDED_AT = _hours(_micros(request.c.closed_at)).label("hour")
_ENDED = (
    sa.select(_ENDED_AT, sa.func.count())
    .where(*_IN_SPAN)
    .group_by(_ENDED_AT)
    .execution_options(**_IN_THREAD)
)
_OPEN = (
    sa.select(request.c.received_at, request.c.promised, request.c.legal, request.c.extended)
    .where(request.c.controller == sa.bindparam("controller"), OPEN)
    .order_by(request.c.state, request.c.received_at)  # as the index of what is open has it
    .limit(MOST)
    .execution_options(**_IN_THREAD)
)
_CARRIED_OUT = (*_IN_SPAN, request.c.closing.is_(None))
_LAST = (
    sa.select(request.c.closed_at)
    .where(*_CARRIED_OUT)
    .order_by(request.c.closed_at.desc())
    .limit(1)
    .offset(sa.bindparam("before_it", type_=sa.Integer))
    .execution_options(**_IN_THREAD)
)
_THESE = sa.select(request.c.id, request.c.operation).where(*_CARRIED_OUT).subquery()
_NUMBER = sa.select(sa.func.count()).select_from(_THESE).execution_options(**_IN_THREAD)
_STATES = (  # one bit for each state that any of its items is in
    sa.select(
        sum(
            (
                sa.func.coalesce(sa.func.max(sa.case((item.c.state == state.value, 1), else_=0)), 0)
                * sa.literal(1 << place, sa.BigInteger)
                for place, state in enumerate(ItemState)
            ),
            start=sa.literal(0, sa.BigInteger),
        )
    )
    .where(item.c.request_id == task.c.request_id, item.c.connector == task.c.connector)
    .scalar_subquery()
)
_IS_COPY = _THESE.c.operation.in_([one.value for one in COPIES])
_EACH = (
    sa.select(
        task.c.connector,
        _THESE.c.operation,
        _text(request.c.scope).notlike('%"categories": []%').label("is_narrowed"),
        task.c.stage,
        task.c.code,
        task.c.resume,
        sa.case(  # of what else was tallied nothing depends
            (_IS_COPY & (_text(task.c.tally) != "{}"), '{"some": 1}'),
            (_THESE.c.operation == Operation.RECTIFY.value, _text(task.c.tally)),
            else_="{}",
        ).label("tally"),
        _text(task.c.unseen).label("unseen"),
        _text(task.c.left_earlier).label("left_earlier"),
        sa.case((_IS_COPY, 0), else_=_STATES).label("states"),
    )
    .select_from(_THESE)
    .join(request, request.c.id == _THESE.c.id)
    .join(task, task.c.request_id == _THESE.c.id)
    .subquery()
)
_PARTS = sa.select(*_EACH.c, sa.func.count()).group_by(*_EACH.c).execution_options(**_IN_THREAD)
_GROUNDS = (
    sa.select(item.c.ground, sa.func.count())
    .select_from(_THESE)
    .join(item, sa.and_(item.c.request_id == _THESE.c.id, RETAINED))
    .group_by(item.c.ground)
    .execution_options(**_IN_THREAD)
)
