"""Makes and changes files that hold a key: whole or not at all, whoever dies or loses power."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_OWNER_ONLY = 0o600


def create(path: Path, key: bytes) -> None:
    """Writes a complete file under another name and links it: nobody ever reads half a key.

    If another process was first, its key counts. Raises OSError.
    """
    draft = _draft(path, key)
    try:
        _link(draft, path)
    finally:
        draft.unlink()


def replace(path: Path, key: bytes) -> None:
    """Puts another key in place of the one in a file; whoever reads gets one or the other.

    Raises OSError.
    """
    draft = _draft(path, key)
    try:
        draft.rename(path)
    except OSError:
        draft.unlink()
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until a file, or what a folder says of its files, is on disk; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, key: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    sync(path.parent)
