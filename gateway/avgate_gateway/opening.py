"""Opens the store with the keys that the settings name; says in one line why it cannot be opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway import key_sources
from avgate_gateway.keyring import KeyRing, MasterKey, VaultError
from avgate_gateway.settings import Settings
from avgate_gateway.store import encrypted_file, keyring, migrations
from avgate_gateway.store.database import Database
from avgate_gateway.store.granting import needing_owner
from avgate_gateway.store.synchronous import engine_of
from avgate_gateway.vault import Vault

_DAMAGED = (sqlite.SQLITE_CORRUPT, sqlite.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class Store:
    """The database of this release, and what opens what is sealed in it."""

    database: Database
    vault: Vault


def open_store(settings: Settings) -> Store:
    """Brings the database up to date, encrypted if it is a file, and opens it.

    Raises VaultError where a key is missing or is another database's, AccountError where PostgreSQL refuses.
    """
    ring = _ring(settings, may_make=True)
    key = _file_key(settings, ring)
    try:
        with migrations.brought_up(settings.database, key) as connection:
            index_key = keyring.adopt(connection, ring)
    except sa.exc.DatabaseError as error:
        raise _explained(error, settings) from None
    store = Store(Database(settings.database, key), Vault(ring, index_key))
    store.database.attesting.key = store.vault.evidence_key
    return store


def is_to_be_encrypted(settings: Settings) -> bool:
    """Whether the database is a file of an earlier release that `open_store` will encrypt."""
    url = settings.database
    return url.startswith(encrypted_file.PREFIX) and encrypted_file.is_plain(
        encrypted_file.path_of(url)
    )


def open_with_keys(settings: Settings) -> tuple[Database, KeyRing]:
    """The database without a change to it, and the master keys; raises VaultError."""
    ring = open_ring(settings)
    path = file_of(settings)
    key = encrypted_file.open_key(path, ring) if path else None
    return Database(settings.database, key), ring


def file_of(settings: Settings) -> Path | None:
    """The encrypted file, if the database is one."""
    if not settings.database.startswith(encrypted_file.PREFIX) or is_to_be_encrypted(settings):
        return None
    return encrypted_file.path_of(settings.database)


def open_ring(settings: Settings) -> KeyRing:
    """The master keys that there are; raises VaultError."""
    return _ring(settings, may_make=False)


def _file_key(settings: Settings, ring: KeyRing) -> bytes | None:
    if not settings.database.startswith(encrypted_file.PREFIX):
        return None
    path = encrypted_file.path_of(settings.database)
    if encrypted_file.is_plain(path):
        _insist(settings, ring)  # else the file would be encrypted for a key that is not its own
    key = encrypted_file.open_key(path, ring)
    if encrypted_file.is_plain(path):
        encrypted_file.encrypt(path, key)
    return key


def _explained(error: sa.exc.DatabaseError, settings: Settings) -> Exception:
    """What to do about a file that is not as it was written; other errors as they are."""
    if getattr(error.orig, "sqlite_errorcode", None) not in _DAMAGED:
        return error
    path = encrypted_file.path_of(settings.database)
    beside = encrypted_file.key_path(path).name
    return VaultError(
        f"{path.name} is damaged, or {beside} is another file's; restore both from the same backup"
    )


def _ring(settings: Settings, *, may_make: bool) -> KeyRing:
    """The newest key from where the settings say, and the former ones behind it."""
    former = [
        key_sources.from_text(one.get_secret_value(), "master_keys_former")
        for one in settings.master_keys_former
    ]
    if settings.master_key is not None:
        text = settings.master_key.get_secret_value()
        return KeyRing([key_sources.from_text(text, "master_key"), *former])
    if settings.master_key_command:
        return KeyRing([key_sources.from_program(settings.master_key_command), *former])
    path = settings.master_key_file
    if not path.exists():
        is_used = not may_make or _is_in_use(settings)
        if is_used and not path.exists():  # whoever else starts now may have made both
            raise VaultError(
                f"{path} is missing, and what stands in the database cannot be read without it; "
                "restore it from its backup, or correct master_key_file"
            )
        key_sources.make_file(path)

    def look() -> list[MasterKey]:
        return [*key_sources.from_file(path), *former]

    return KeyRing(look(), look)


def _insist(settings: Settings, ring: KeyRing) -> None:
    engine = encrypted_file.engine(settings.database, None)
    try:
        with engine.connect() as connection:
            keyring.check(connection, ring)
    finally:
        engine.dispose()


def _is_in_use(settings: Settings) -> bool:
    """Whether the database was made with a master key, which then cannot be made anew."""
    url = settings.database
    if not url.startswith(encrypted_file.PREFIX):
        engine = engine_of(url, None)
    elif encrypted_file.is_new(encrypted_file.path_of(url)):
        return False
    elif encrypted_file.is_plain(encrypted_file.path_of(url)):
        engine = encrypted_file.engine(url, None)
    else:
        return True
    try:
        with engine.connect() as connection, needing_owner("the tables are another account's"):
            return keyring.holds_anything(connection)
    finally:
        engine.dispose()
