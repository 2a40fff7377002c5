"""Rows of another controller's in every table: as those of the one are, or made up where it has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from avgate_gateway.store import evidence
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.migrations import metadata
from avgate_gateway.store.moment import Moment

from .belonging import LEADS, is_somebodys, kind_of

_MOST = 40  # rows of each table
_AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
_MADE_UP: Mapping[type, Any] = {
    Moment: _AT, sa.Date: date(2026, 1, 5), sa.JSON: {}, sa.LargeBinary: b"planted", sa.Boolean: False,
    sa.BigInteger: 1, sa.Integer: 1, sa.String: "planted", sa.Text: "planted",
}  # fmt: skip


async def plant(db: Connection, controller: str) -> set[str]:
    """Gives a controller rows in every table of which somebody's are kept; the ids that they have.

    No engine is woken by them: there is nothing behind them that could be carried out.
    """
    ids: dict[str, str] = {}
    for table in metadata.sorted_tables:
        if table.name == "evidence" or not is_somebodys(table):
            continue
        found = (await db.execute(table.select().limit(_MOST))).mappings()
        for row in [dict(one) for one in found] or [_made_up(table)]:
            planted = _of_another(table, row, ids)
            fixed = {"controller": controller, "wake_at": None, "next_attempt_at": None}
            planted |= {name: value for name, value in fixed.items() if name in table.c}
            await db.execute(table.insert(), planted)
    for one in list(ids.values()):
        await evidence.append(db, _AT, controller, one, "request.received", {})
    return set(ids.values())


def _of_another(table: sa.Table, row: Mapping[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    planted = {}
    for column in table.c:
        value = row[column.name]
        is_lead = f"{table.name}.{column.name}" in LEADS or column.name == "digest"
        if isinstance(value, str) and (kind_of(column) or is_lead):
            value = ids.setdefault(value, str(uuid4()))
        if not (column.name == "id" and isinstance(value, int)):  # those are numbered
            planted[column.name] = value
    return planted


def _made_up(table: sa.Table) -> dict[str, Any]:
    """A row for which only the kinds of the columns are known."""
    return {
        column.name: next(made for kind, made in _MADE_UP.items() if isinstance(column.type, kind))
        for column in table.c
    }
