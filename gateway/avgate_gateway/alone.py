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
    handle = os.open(_lock_of(database), os.O_RDWR | os.O_CREAT, 0o600)
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


def _lock_of(database: str) -> Path:
    """Beside the file itself, by whatever name it was reached."""
    file = Path(database.removeprefix("sqlite:///")).resolve()
    return file.with_name(f"{file.name}.lock")
