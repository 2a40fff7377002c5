"""The database of a gateway's folder, opened beside the gateway, or made before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from avgate_gateway import key_sources
from avgate_gateway.keyring import KeyRing
from avgate_gateway.store import encrypted_file, keyring
from avgate_gateway.store.migrations import brought_up
from avgate_gateway.vault import Vault


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'avgate.db'}"


def key_of(folder: Path) -> bytes:
    """The file's key, from beside it."""
    ring = KeyRing(key_sources.from_file(folder / "avgate.key"))
    return encrypted_file.open_key(folder / "avgate.db", ring)


@contextmanager
def reading(file: Path) -> Iterator[Any]:
    """A connection of the driver's own to a gateway's file, or to a plain one of others."""
    key = None if encrypted_file.is_plain(file) else key_of(file.parent)
    with closing(encrypted_file.connect(file, key, timeout=30)) as opened:
        yield opened


def made(folder: Path) -> Vault:
    """Makes the tables and the keys, as the first start does."""
    key_sources.make_file(folder / "avgate.key")
    ring = KeyRing(key_sources.from_file(folder / "avgate.key"))
    with brought_up(url_of(folder), key_of(folder)) as connection:
        return Vault(ring, keyring.adopt(connection, ring))
