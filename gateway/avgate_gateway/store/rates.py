"""How often each caller called in its window, for all processes of one database.

One statement counts, under the lock of one row, by one clock: the database's, where several machines
share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from avgate_gateway.guard.rate import Policy, Taken
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.moment import EPOCH
from avgate_gateway.store.schema import rate

_MICROS = 1_000_000
_WITHIN_SECONDS = 2.0


class SharedLedger:
    """A ledger in the database; `now` counts on SQLite, which only one process uses.

    What a database does not write `within` so many seconds is not waited for: every call would be.
    """

    def __init__(
        self, database: Database, now: Callable[[], datetime], within: float = _WITHIN_SECONDS
    ) -> None:
        self._database = database
        self._now = now
        self._within = within

    async def take(self, policy: Policy, key: tuple[str, ...], wanted: int) -> Taken | None:
        try:
            async with asyncio.timeout(self._within), self._database.write(ahead=True) as db:
                return await take(db, policy, key, wanted, self._now())
        except (AwayError, TimeoutError):
            return None


async def take(
    db: Connection, policy: Policy, key: tuple[str, ...], wanted: int, now: datetime
) -> Taken:
    """Counts what is given: `wanted` calls, or those that are left in the window."""
    asked = {
        "caller": _digest(policy, key),
        "quota": policy.quota,
        "wish": min(wanted, policy.quota),
        "window": policy.seconds * _MICROS,
        "now": _micros(now),
    }
    granted, spent, micros = (await db.execute(_TAKING[db.dialect.name], asked)).one()
    return Taken(granted, max(0, policy.quota - spent), float(micros) / _MICROS)


def _taking(adding: Any, now: sa.ColumnElement[int]) -> sa.Insert:
    quota, wish = sa.bindparam("quota", type_=sa.Integer), sa.bindparam("wish", type_=sa.Integer)
    window = sa.bindparam("window", type_=sa.BigInteger)
    # One that ends much later than one of now would was begun by a clock that has been put back since.
    begun, ends = rate.c.until.between(now + 1, now + 2 * window), now + window
    left = sa.case((rate.c.spent < quota, quota - rate.c.spent), else_=0)
    given = sa.case((~begun, wish), (left < wish, left), else_=wish)
    counted: sa.Insert = (
        adding.values(key=sa.bindparam("caller"), until=ends, spent=wish, given=wish)
        .on_conflict_do_update(
            index_elements=[rate.c.key],
            set_={
                "given": given,
                "spent": sa.case((begun, rate.c.spent + given), else_=given),
                "until": sa.case((begun, rate.c.until), else_=ends),
            },
        )
        .returning(rate.c.given, rate.c.spent, rate.c.until - now)
    )
    return counted


_TAKING = {  # by the database's name
    "postgresql": _taking(
        postgresql.insert(rate),
        sa.cast(  # the server's time, the same wherever the statement names it
            sa.extract("epoch", sa.func.statement_timestamp()) * _MICROS, sa.BigInteger
        ),
    ),
    "sqlite": _taking(sqlite.insert(rate), sa.bindparam("now", type_=sa.BigInteger)),
}


async def expire(db: Connection, before: datetime) -> None:
    """Drops windows that ended, by anybody's clock."""
    await db.execute(rate.delete().where(rate.c.until < _micros(before)))


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _digest(policy: Policy, key: tuple[str, ...]) -> str:
    return sha256("\x00".join((policy.name, *key)).encode()).hexdigest()
