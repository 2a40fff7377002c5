"""Makes a file that holds a key: whole or not at all, whoever dies or loses power meanwhile."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_OWNER_ONLY = 0o600


def create(path: Path, key: bytes) -> None:
    """Writes a complete file under another name and links it: nobody ever reads half a key.

    If another process was first, its key counts. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        _link(draft, path)
    finally:
        draft.unlink()


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
