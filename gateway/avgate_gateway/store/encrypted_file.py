"""The SQLite file, encrypted and authenticated page by page: a changed bit is an error, never data.

SQLCipher: AES-256 in CBC mode and an HMAC-SHA256 for each page, of the file and of its log. The
file's key is random and stands beside it, wrapped by the master key, so that a new master key
changes 65 bytes and not the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway import key_on_disk
from avgate_gateway.keyring import KEY_BYTES, KeyRing, VaultError

PREFIX = "sqlite:///"
_PLAIN_HEAD = b"SQLite format 3\x00"
_PLACE = b"database file"
# Half as dear as SQLCipher's own choice, SHA-512 over 4096 bytes: see docs/decisions/0025.
_CHOICES = ("cipher_default_hmac_algorithm = HMAC_SHA256", "cipher_default_page_size = 2048")
_CHUNK = 1024 * 1024
_CHECKS_AGAIN = 2
_IS_A_COPY = 0x41564743  # the file's `user_version`, until it is used


def path_of(url: str) -> Path:
    """The file that a URL names."""
    return Path(url.removeprefix(PREFIX))


def key_path(path: Path) -> Path:
    """Where the file's wrapped key stands."""
    return path.with_name(f"{path.name}.key")


def is_plain(path: Path) -> bool:
    """Whether it is a file of an earlier release, which anybody can read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAIN_HEAD)) == _PLAIN_HEAD
    except FileNotFoundError:
        return False


def is_new(path: Path) -> bool:
    """Whether nothing was written yet."""
    return not path.exists() or path.stat().st_size == 0


def open_key(path: Path, ring: KeyRing) -> bytes:
    """The file's key, made where neither it nor an encrypted file is there; raises VaultError."""
    beside = key_path(path)
    if not beside.exists():
        if not is_new(path) and not is_plain(path):
            raise VaultError(
                f"{beside.name} is missing, and {path.name} cannot be read without it; "
                "restore both from the same backup"
            )
        key_on_disk.create(beside, ring.wrap(os.urandom(KEY_BYTES), _PLACE))
    try:
        key = ring.unwrap(beside.read_bytes(), _PLACE)
    except VaultError as error:
        error.args = (f"{beside.name}: {error}",)
        raise
    _insist_on_its_own_log(path, key)
    return key


def rewrap_key(path: Path, ring: KeyRing) -> None:
    """Wraps the file's key under the newest master key; raises VaultError, OSError."""
    beside = key_path(path)
    wrapped = beside.read_bytes()
    if not ring.is_newest(wrapped):
        key_on_disk.replace(beside, ring.wrap(ring.unwrap(wrapped, _PLACE), _PLACE))


def connect(path: Path, key: bytes | None, **options: Any) -> sqlite.Connection:
    """A connection of the driver's own; without a key the file is a plain one."""
    opened = sqlite.connect(str(path), isolation_level=None, **options)
    give_key(opened, key)
    return opened


def give_key(connection: sqlite.Connection, key: bytes | None) -> None:
    """Tells a connection the file's key, before anything else."""
    if key is not None:
        _choose(connection)
        connection.execute(f"PRAGMA key = {_literal(key)}")


def engine(url: str, key: bytes | None, **options: Any) -> sa.Engine:
    """SQLAlchemy's engine for the file."""
    # An error's message would show what was written, which may be about a person.
    made = sa.create_engine(
        url, module=sqlite, hide_parameters=True, json_deserializer=orjson.loads, **options
    )

    @sa.event.listens_for(made, "connect")
    def opened(connection: Any, _record: object) -> None:
        give_key(connection, key)

    return made


def encrypt(path: Path, key: bytes, after: Callable[[str], object] = str) -> None:
    """Makes an encrypted file of a plain one that nobody uses; killed anywhere, one is whole.

    `after` is told of each step, for whoever wants to be killed there. Raises OSError and the
    driver's errors; then the plain file is as it was.
    """
    draft = path.with_name(f"{path.name}.encrypting")
    draft.unlink(missing_ok=True)
    try:
        _export(path, draft, key)
        after("exported")
        key_on_disk.sync(draft)
        with path.open("r+b") as plain:
            draft.rename(path)
            after("renamed")
            key_on_disk.sync(path.parent)
            _overwrite(plain.fileno())
    finally:
        draft.unlink(missing_ok=True)


def copy(
    path: Path, key: bytes, target: Path, ring: KeyRing, after: Callable[[str], object] = str
) -> None:
    """A consistent, encrypted copy of what is committed now, while others write, and its key beside it.

    Killed anywhere, nothing has its name that is not whole: what is there of one opens as an empty database.
    `after` is told of each step. Raises OSError and the driver's errors; then nothing is left.
    """
    draft = copying_path(target)
    with _begun(draft):
        try:
            with closing(connect(path, key, timeout=30)) as source:
                source.execute("VACUUM INTO ?", (str(draft),))
            with closing(connect(draft, key)) as made:
                made.execute(f"PRAGMA user_version = {_IS_A_COPY}")
            after("copied")
            key_on_disk.sync(draft)
            key_on_disk.replace(key_path(target), ring.wrap(key, _PLACE))
            after("key saved")
            draft.rename(target)
            key_on_disk.sync(target.parent)
        except (sqlite.Error, OSError):
            key_path(target).unlink(missing_ok=True)
            draft.unlink(missing_ok=True)
            raise


def _insist_on_its_own_log(path: Path, key: bytes) -> None:
    """Raises VaultError where a copy took a database's place and that one's log is still beside it.

    SQLite would write it into the copy, page by page, and neither would be left. A copy is known by a mark, which
    goes before it has a log of its own.
    """
    if not _is_a_copy(path, key):
        return
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise VaultError(
            f"{path.name} is a backup that was put here, and {log.name} is of the database that was here before; "
            f"remove {log.name} and {path.name}-shm"
        )
    with suppress(sqlite.Error), closing(connect(path, key)) as opened:
        opened.execute("PRAGMA user_version = 0")


def _is_a_copy(path: Path, key: bytes) -> bool:
    """By the file alone, whatever log is beside it."""
    alone = f"{path.absolute().as_uri()}?immutable=1"
    try:
        with closing(sqlite.connect(alone, uri=True, isolation_level=None)) as opened:
            give_key(opened, key)
            [(version,)] = opened.execute("PRAGMA user_version")
    except sqlite.Error:  # another key's, or written at this moment: it is no fresh copy
        return False
    return bool(version == _IS_A_COPY)


def copying_path(target: Path) -> Path:
    """What a copy is called until it is whole."""
    return target.with_name(f"{target.name}.copying")


@contextmanager
def _begun(draft: Path) -> Iterator[None]:
    """An empty file for a copy, this process's alone, in place of one whose maker died; raises OSError."""
    handle = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), draft.stat()):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))  # it became a backup
        os.ftruncate(handle, 0)
        draft.with_name(f"{draft.name}-journal").unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def damaged_pages(path: Path, key: bytes) -> list[str]:
    """What is wrong with pages of the file, in SQLCipher's words; empty if nothing is.

    The check takes no lock: a page that is written meanwhile may look damaged, but not each time.
    """
    with closing(connect(path, key)) as opened:
        found = _damage(opened)
        for _ in range(_CHECKS_AGAIN if found else 0):
            again = _damage(opened)
            found = [one for one in found if one in again]
        return found


def _damage(opened: sqlite.Connection) -> list[str]:
    return [row[0] for row in opened.execute("PRAGMA cipher_integrity_check")]


def _export(path: Path, draft: Path, key: bytes) -> None:
    with closing(connect(path, None)) as plain:
        _choose(plain)
        # Ends the write-ahead log: one of the plain file must not be taken for the encrypted one's.
        plain.execute("PRAGMA journal_mode = DELETE")
        plain.execute(f"ATTACH DATABASE ? AS encrypted KEY {_literal(key)}", (str(draft),))
        draft.chmod(0o600)
        plain.execute("SELECT sqlcipher_export('encrypted')")
        plain.execute("DETACH DATABASE encrypted")
    if damaged_pages(draft, key):
        raise OSError(f"{draft.name} was not written as it should be")


def _overwrite(descriptor: int) -> None:
    """Wipes the plain file, whose name is gone, as well as a disk lets anybody do that."""
    with suppress(OSError):
        left = os.fstat(descriptor).st_size
        os.lseek(descriptor, 0, os.SEEK_SET)
        while left > 0:
            left -= os.write(descriptor, bytes(min(left, _CHUNK)))
        os.fsync(descriptor)


def _choose(connection: sqlite.Connection) -> None:
    """How files are encrypted that this connection opens, attaches or makes."""
    for choice in _CHOICES:
        connection.execute(f"PRAGMA {choice}")


def _literal(key: bytes) -> str:
    return f"\"x'{key.hex()}'\""
