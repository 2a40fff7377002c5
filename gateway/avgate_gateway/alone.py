"""Keeps a second process off an SQLite file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another process works on the same SQLite file."""


@asynccontextmanager
async def alone(database: str) -> AsyncIterator[None]:
    """Keeps a second process off an SQLite file; raises AlreadyRunningError."""
    if not database.startswith("sqlite:///"):
        yield
        return
    path = Path(database.removeprefix("sqlite:///") + ".lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunningError(
            "another process works on this SQLite database; stop it first"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
