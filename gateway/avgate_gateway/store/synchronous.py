"""The database for whoever may wait for each step: a command or a process of its own, never the gateway's loop."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store import encrypted_file

_CONNECTS_WITHIN = 10  # seconds; psycopg's own is two minutes, in which nobody is told anything


def engine_of(url: str, key: bytes | None, **options: Any) -> sa.Engine:
    """SQLAlchemy's engine; `key` is an encrypted SQLite file's."""
    if url.startswith(encrypted_file.PREFIX):
        return encrypted_file.engine(url, key, **options)
    driver = import_module("psycopg")  # an extra
    ways = {} if "connect_timeout=" in url else {"connect_timeout": _CONNECTS_WITHIN}
    return sa.create_engine(
        "postgresql+psycopg://",
        # libpq reads an address as it means it, of several hosts too, which SQLAlchemy does not. And what
        # is text for us is text, whatever a database of another encoding says.
        creator=lambda: driver.connect(url, client_encoding="utf8", **ways),
        isolation_level="READ COMMITTED",  # whoever waited for a migration has to see it
        **options,
    )
