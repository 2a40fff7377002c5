"""Keeps a second process off an SQLite file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from avgate_gateway.store.encrypted_file import key_path


class AlreadyRunningError(Exception):
    """Another process works on the same SQLite file."""


@asynccontextmanager
async def alone(database: str) -> AsyncIterator[Callable[[], None]]:
    """Keeps a second process off an SQLite file; raises AlreadyRunningError.

    What it gives is called once the file is there, and raises likewise: from then on its key is locked too. A lock that
    seems to be left over is removed by hand, and another was made; a key is not.
    """
    if not database.startswith("sqlite:///"):
        yield lambda: None
        return
    file = _file_of(database)
    held: list[int] = []
    try:
        held.append(_locked(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT))
        yield lambda: held.append(_locked(key_path(file), os.O_RDONLY))
    finally:
        for handle in held:
            os.close(handle)


def _file_of(database: str) -> Path:
    """The file itself, by whatever name it was reached."""
    return Path(database.removeprefix("sqlite:///")).resolve()


def _locked(path: Path, how: int) -> int:
    handle = os.open(path, how, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunningError(
            "another process works on this SQLite database; stop it first"
        ) from None
    return handle
