"""Lists of requests: a page is found by walking one index, newest first.

Which index is what matters at a million requests: that of a reference leads to a handful; what is open
has one of its own; then operation and connector. Of what is wanted beside, the next page full is near.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from avgate_gateway.due import LONGEST_PROMISE, OLDEST_SUBMISSION
from avgate_gateway.request import State, SubjectRequest
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.requests import SHOWN, request_of
from avgate_gateway.store.schema import OPEN, request, task


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a list shows; cursor is the place after which it goes on."""

    controller: str
    state: str | None = None
    operation: str | None = None
    connector: str | None = None
    reference: str | None = None
    due_before: date | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50

    @property
    def is_open(self) -> bool:
        """Whether only open requests are wanted."""
        return self.state is not None and self.state != State.CLOSED.value

    @property
    def is_led_to_few(self) -> bool:
        """Whether its index leads to so few requests that it does not matter where the walk begins."""
        return self.is_open or self.reference is not None


async def listed(db: Connection, wanted: Wanted) -> Sequence[SubjectRequest]:
    """One page, newest first."""
    newest = None
    if wanted.due_before is not None and not wanted.is_led_to_few:
        newest = await _newest(db, wanted.controller, wanted.due_before)
    rows = (await db.execute(listing(wanted, newest))).mappings()
    return [request_of(row) for row in rows]


async def _newest(db: Connection, controller: str, due_before: date) -> datetime:
    """A moment after which none was received that was promised before a day: the walk begins there.

    Of each of the last days that a promise may fall on, its index knows the newest. What was promised
    before all of these was asked for before them too, for a promise is at least one day, and recorded
    at most so many days after that as may be made up for.
    """
    days = {f"day_{back}": _before(due_before, back) for back in _BACK}
    found = (await db.execute(NEWEST, {"controller": controller, **days})).scalar_one()
    earlier = datetime.combine(_before(due_before, LONGEST_PROMISE.days), time(), UTC)
    return earlier if found is None else max(found, earlier)


def _before(day: date, days: int) -> date:
    """So many days before, or the first that there is."""
    return date.fromordinal(max(day.toordinal() - days, 1))


# Fewer days, and the walk would begin long after what is wanted, for as much as may be made up for.
_BACK = range(1, (LONGEST_PROMISE + OLDEST_SUBMISSION).days + 1)
_OF_DAYS = sa.union_all(
    *(
        sa.select(sa.func.max(request.c.received_at).label("at")).where(
            request.c.controller == sa.bindparam("controller"),
            request.c.promised == sa.bindparam(f"day_{back}"),
        )
        for back in _BACK
    )
).subquery()
NEWEST = sa.select(sa.func.max(_OF_DAYS.c.at))


def listing(wanted: Wanted, newest: datetime | None = None) -> sa.Select[Any]:
    """The statement of a page; `newest` is the last moment at which any of it was received."""
    by_task = wanted.connector is not None and not (wanted.is_led_to_few or wanted.operation)
    query = sa.select(*SHOWN)
    if by_task:
        query = query.select_from(task.join(request, request.c.id == task.c.request_id))
        query = query.where(
            task.c.controller == wanted.controller, task.c.connector == wanted.connector
        )
        at, own = task.c.received_at, task.c.request_id
    else:
        query = query.where(request.c.controller == wanted.controller)
        at, own = request.c.received_at, request.c.id
        if wanted.connector is not None:
            query = query.where(_has_task(wanted.connector))
    if wanted.is_open:
        query = query.where(OPEN)
    led_by = (
        request.c.reference if wanted.reference else request.c.state if wanted.is_open else None
    )
    for term in _beside(wanted, led_by):
        query = query.where(term)
    if wanted.after is not None and (newest is None or wanted.after[0] <= newest):
        after = sa.tuple_(sa.literal(wanted.after[0], at.type), sa.literal(wanted.after[1]))
        query = query.where(sa.tuple_(at, own) < after)
    elif newest is not None:
        query = query.where(at <= newest)
    return query.order_by(at.desc(), own.desc()).limit(wanted.limit)


def _beside(wanted: Wanted, led_by: sa.Column[str] | None) -> Iterator[sa.ColumnElement[bool]]:
    """What is looked at in each row.

    SQLite takes two indexes for equally good: where a column leads, the others are told so that they
    cannot.
    """
    for column, value in (
        (request.c.reference, wanted.reference),
        (request.c.state, wanted.state),
        (request.c.operation, wanted.operation),
    ):
        if value is not None:
            leads = led_by is None or column is led_by
            yield (column if leads else sa.func.coalesce(column, "")) == value
    if wanted.due_before is not None:
        yield sa.func.coalesce(request.c.promised, wanted.due_before) < wanted.due_before


def _has_task(connector: str) -> sa.ColumnElement[bool]:
    mine = sa.and_(task.c.request_id == request.c.id, task.c.connector == connector)
    return sa.exists().where(mine)
