"""Pages of the chain of evidence, newest first, of one controller alone.

There is no index by person, event or day: whoever looks for those walks back, so far at a time. A day
is found by halving, for the numbers of entries rise with time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.proving.entry import Row
from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.evidence_schema import evidence

_AT_ONCE = 500
_MOST = 10_000  # entries that are walked over for one page
_END = 2**62


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: before this number, of this request, at or after and before these moments."""

    controller: str
    before: int | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, and the number to go on before; None where the chain was walked to its beginning."""

    entries: Sequence[Row]
    before: int | None


async def page(db: Connection, wanted: Wanted, fits: Callable[[Row], bool]) -> Page:
    """The newest that fit. It may be short, or empty, and there be more further back."""
    before = wanted.before or _END
    if wanted.until is not None:
        before = min(before, await _first_at(db, wanted.until) + 1)
    first = await _first_at(db, wanted.since) if wanted.since is not None else 0
    found: list[Row] = []
    for _ in range(_MOST // _AT_ONCE):
        rows = await _some(db, wanted, first, before)
        for row in rows:
            before = row.sequence
            if _lies_within(row, wanted) and fits(row):
                found.append(row)
            if len(found) == wanted.limit:
                return Page(found, before)
        if len(rows) < _AT_ONCE:
            return Page(found, None)
    return Page(found, before)


def _lies_within(row: Row, wanted: Wanted) -> bool:
    is_new = wanted.since is None or row.at >= wanted.since
    return is_new and (wanted.until is None or row.at < wanted.until)


async def _some(db: Connection, wanted: Wanted, first: int, before: int) -> Sequence[Row]:
    query = _NEWEST.where(
        evidence.c.controller == wanted.controller,
        evidence.c.sequence < before,
        evidence.c.sequence >= first,
    )
    if wanted.request_id is not None:
        query = query.where(evidence.c.request_id == wanted.request_id)
    found = await db.execute(query.limit(_AT_ONCE))
    return [Row(*row) for row in found]


async def _first_at(db: Connection, moment: datetime) -> int:
    """The number of the first entry at or after a moment, or one that soon follows.

    Entries that were committed at once may stand a moment out of order; some are taken with them.
    """
    low, high = 1, (await db.execute(_LAST)).scalar_one() or 0
    while low <= high:
        middle = (low + high) // 2
        at = (await db.execute(_AT, {"sequence": middle})).scalar()
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle - 1
    return low


_NEWEST = (
    sa.select(
        evidence.c.sequence, evidence.c.at, evidence.c.controller, evidence.c.request_id,
        evidence.c.event, evidence.c.details, evidence.c.previous, evidence.c.digest, evidence.c.code,
    )
    .order_by(evidence.c.sequence.desc())
    .execution_options(**{HEAVY: True})
)  # fmt: skip
_LAST = sa.select(sa.func.max(evidence.c.sequence))
_AT = sa.select(evidence.c.at).where(evidence.c.sequence == sa.bindparam("sequence"))
