"""The SQLite file of a gateway's folder, as only somebody with its master key can open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from avgate_gateway import key_sources
from avgate_gateway.keyring import KeyRing
from avgate_gateway.store import encrypted_file
from avgate_gateway.store.database import Database

NAMES = ("avgate.db", "avgate.db-wal", "avgate.db-shm")
KEYS = ("avgate.key", "avgate.db.key")
_PAGE, _SALT, _IV, _RESERVED = 2048, 16, 16, 48  # SQLCipher: behind the rows IV and HMAC-SHA256


def keys_in(folder: Path) -> dict[str, bytes]:
    """The keys of the gateway of a folder, by the names of their files."""
    return {name: (folder / name).read_bytes() for name in KEYS}


def key_of(folder: Path) -> bytes:
    """The file's key, which stands beside it, wrapped by the master key."""
    ring = KeyRing(key_sources.from_file(folder / "avgate.key"))
    return encrypted_file.open_key(folder / "avgate.db", ring)


def plain_pages(folder: Path) -> bytes:
    """All pages of the file, those in use by nothing too, as whoever has the key can read them."""
    key, content = key_of(folder), (folder / "avgate.db").read_bytes()
    plain = []
    for begin in range(0, len(content), _PAGE):
        page = content[begin : begin + _PAGE]
        iv = page[-_RESERVED : _IV - _RESERVED]
        rows = page[_SALT if begin == 0 else 0 : -_RESERVED]
        decryptor = Cipher(AES256(key), CBC(iv)).decryptor()
        plain.append(decryptor.update(rows) + decryptor.finalize())
    return b"".join(plain)


@contextmanager
def file_opened(folder: Path) -> Iterator[Any]:
    """A connection of the driver's own that commits each statement."""
    with closing(encrypted_file.connect(folder / "avgate.db", key_of(folder), timeout=30)) as made:
        yield made


def database_of(folder: Path) -> Database:
    """The same as the gateway opens it."""
    return Database(f"sqlite:///{folder / 'avgate.db'}", key_of(folder))


def at_rest(folder: Path) -> bytes:
    """Everything that was written in a folder, the database as whoever has its key reads it."""
    with file_opened(folder) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"\n".join([plain_pages(folder), *files])
