"""Runs Alembic's migrations; loaded only where a database is behind."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_HERE = Path(__file__).parent
_WAITS_FOR_LOCKS = "SET LOCAL lock_timeout = '2s'"
_AS_BEFORE = "SET LOCAL lock_timeout TO DEFAULT"
_TRIES = 15
_PAUSE_SECONDS = 2.0
_IN_THE_WAY = frozenset({"55P03", "40P01"})  # a lock not had in time, a deadlock


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Runs what is missing up to a revision, in the transaction of the connection."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def upgrade_beside_others(connection: sa.Connection) -> None:
    """The same on a PostgreSQL that others use meanwhile; raises what PostgreSQL raises, after a minute.

    Whoever reads or writes a table after us waits behind us, so we do not wait long for one who keeps it, such
    as a backup: we let them all pass, and try again.
    """
    left = _TRIES
    while True:
        left -= 1
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(_WAITS_FOR_LOCKS)
                upgrade(connection)
        except sa.exc.DBAPIError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            connection.exec_driver_sql(_AS_BEFORE)
            return
