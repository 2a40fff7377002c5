"""Brings a database to the tables of this release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from avgate_gateway.store import (  # a table of its own in most of them
    chain,
    console_sessions,  # noqa: F401 -- its table
    encrypted_file,
    figures,  # noqa: F401 -- indexes of its own
    keyring,  # noqa: F401 -- its table
    pauses,  # noqa: F401 -- its table
)
from avgate_gateway.store.delivery_schema import delivery as _delivery  # noqa: F401 -- likewise
from avgate_gateway.store.evidence_schema import metadata
from avgate_gateway.store.granting import (
    AccountError,
    grant,
    insist,
    insist_on_text,
    needing_owner,
)
from avgate_gateway.store.handovers import handover as _handover  # noqa: F401 -- likewise
from avgate_gateway.store.letters import letter as _letter  # noqa: F401 -- a table of metadata
from avgate_gateway.store.opendsr import table as _opendsr  # noqa: F401 -- likewise
from avgate_gateway.store.refused import refused as _refused  # noqa: F401 -- a table of metadata
from avgate_gateway.store.synchronous import engine_of

__all__ = ["HEAD", "brought_up", "metadata", "migrate", "migrate_for"]  # every table in the third

HEAD = "0018"  # the newest in versions/
_TURN = 0x61766761  # an arbitrary number that all releases share
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String(32)))


def migrate(url: str, key: bytes | None = None) -> None:
    """Makes the tables, or runs the migrations that are missing; harmless if nothing is.

    `key` is an encrypted SQLite file's.
    """
    with brought_up(url, key):
        pass


def migrate_for(role: str, owner: str) -> None:
    """The same as the tables' owner on PostgreSQL, by its address, and lets a gateway's role use them.

    Raises AccountError where that role, or the owner, cannot do what it has to, or the role could do more.
    """
    with brought_up(owner) as connection:
        if _revision(connection, ["alembic_version"]) != HEAD:
            raise AccountError(
                "the tables are of a later release, which has its own `avgate migrate`: run that one"
            )
        grant(connection, role)


@contextmanager
def brought_up(url: str, key: bytes | None = None) -> Iterator[sa.Connection]:
    """The same, and the transaction in which it was done, with all others kept out of it.

    Raises AccountError where an account of PostgreSQL may not do it, or not use what is there.
    """
    engine = engine_of(url, key)
    if url.startswith(encrypted_file.PREFIX):
        _begin_with_the_tables(engine)
    try:
        with engine.begin() as connection:
            _bring_up(connection)
            yield connection
    finally:
        engine.dispose()


def _begin_with_the_tables(engine: sa.Engine) -> None:
    """Has the transaction begin before the first table: the driver begins it before the first row.

    Killed in between, it would leave tables of no version, which no later start can bring up to date.
    """

    @sa.event.listens_for(engine, "connect")
    def leave_it_to_us(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _bring_up(connection: sa.Connection) -> None:
    is_server = connection.dialect.name == "postgresql"
    if is_server:  # several processes start at once
        insist_on_text(connection)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
    present = sa.inspect(connection).get_table_names()
    with needing_owner("the tables are another account's"):
        revision = _revision(connection, present)
    if not present:
        with needing_owner("there are no tables, and this account may not make them"):
            _make(connection)
    elif revision is None or revision < HEAD:  # a newer one only added what we need not know
        with needing_owner(
            "the tables are of an earlier release, and this account may not change them"
        ):
            # Alembic costs a tenth of every start, and is needed at one start in a hundred.
            upgrading = import_module("avgate_gateway.store.migrations.upgrading")
            (upgrading.upgrade_beside_others if is_server else upgrading.upgrade)(connection)
    if is_server:
        insist(connection)


def _make(connection: sa.Connection) -> None:
    """A new database needs no history: a test holds that both ways lead to the same tables."""
    if connection.dialect.name == "sqlite":
        for statement in _statements():
            connection.exec_driver_sql(statement)
    else:
        metadata.create_all(connection)
    chain.make(connection)
    chain.add_code(connection)
    connection.execute(
        sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(sa.insert(_VERSION).values(version_num=HEAD))


@cache
def _statements() -> tuple[str, ...]:
    """What makes the tables and indexes on SQLite; to word it takes longer than to carry it out."""
    made: list[str] = []
    dialect = sqlite.dialect()
    engine = sa.create_mock_engine(
        "sqlite://",
        lambda statement, *_, **__: made.append(str(statement.compile(dialect=dialect))),
    )
    metadata.create_all(engine, checkfirst=False)
    return tuple(made)


def _revision(connection: sa.Connection, present: list[str]) -> str | None:
    if "alembic_version" not in present:
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar()
