"""Changes to rows by statements that are made once: making one takes longer than executing it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection


async def update(
    db: Connection, table: sa.Table, where: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Writes plain values to the rows in which these columns equal these values.

    A `version` of the table's is counted up.
    """
    given = {f"its_{name}": value for name, value in where.items()}
    await db.execute(_statement(table, tuple(where), tuple(values)), {**given, **values})


@lru_cache(maxsize=256)
def _statement(table: sa.Table, where: tuple[str, ...], names: tuple[str, ...]) -> sa.Update:
    written: dict[str, Any] = {name: sa.bindparam(name) for name in names}
    if "version" in table.c:
        written["version"] = table.c.version + 1
    here = (table.c[name] == sa.bindparam(f"its_{name}") for name in where)
    return table.update().where(*here).values(written)
