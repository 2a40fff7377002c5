"""Makes and changes files that hold a key: whole or not at all, whoever dies or loses power."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY = 0o600
_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}")


def create(path: Path, key: bytes, like: Path | None = None) -> None:
    """Writes a complete file under another name and links it: nobody ever reads half a key.

    If another process was first, its key counts. It belongs to whom the file `like` does. Raises OSError.
    """
    draft = _draft(path, key, like)
    try:
        _link(draft, path)
    finally:
        draft.unlink()


def replace(path: Path, key: bytes) -> None:
    """Puts another key in place of the one in a file; whoever reads gets one or the other.

    Raises OSError.
    """
    draft = _draft(path, key, path if path.exists() else None)
    try:
        draft.rename(path)
    except OSError:
        draft.unlink()
        raise
    sync(path.parent)


def drafts(folder: Path) -> list[Path]:
    """The files that `create` and `replace` write first, and remove, unless they are killed."""
    return sorted(one for one in folder.iterdir() if _DRAFT.fullmatch(one.name))


def sync(path: Path) -> None:
    """Waits until a file, or what a folder says of its files, is on disk; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, key: bytes, like: Path | None) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like is not None:
                _give(file.fileno(), like)
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _give(descriptor: int, like: Path) -> None:
    """Leaves a key that root makes to whom the one beside it belongs: the gateway has to read it."""
    whose = like.stat()
    if os.geteuid() == 0 and whose.st_uid != 0:
        with suppress(OSError):  # of a root that may not do that, as in a container
            os.fchown(descriptor, whose.st_uid, whose.st_gid)


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    sync(path.parent)
