"""The database for whoever may wait for each step: a command or a process of its own, never the gateway's loop."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from avgate_gateway.store import encrypted_file

_CONNECTS_WITHIN = 10  # seconds; psycopg's own is two minutes, in which nobody is told anything


def engine_of(url: str, key: bytes | None, **options: Any) -> sa.Engine:
    """SQLAlchemy's engine; `key` is an encrypted SQLite file's."""
    if url.startswith(encrypted_file.PREFIX):
        return encrypted_file.engine(url, key, **options)
    ways = {} if "connect_timeout=" in url else {"connect_timeout": _CONNECTS_WITHIN}
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return sa.create_engine(address, connect_args=ways, **options)
