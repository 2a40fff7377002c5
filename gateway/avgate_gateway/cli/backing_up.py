"""`avgate backup`: a consistent copy of the SQLite database, as well encrypted as itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Annotated

import typer
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.cli.advancing import advancing
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.keyring import KeyRing
from avgate_gateway.opening import file_of, open_ring
from avgate_gateway.store import encrypted_file
from avgate_gateway.vault import VaultError

_LOOKS_EVERY_SECONDS = 0.2
_SAID = {
    sqlite.SQLITE_FULL: "its disk is full; make room, or name a file elsewhere",
    sqlite.SQLITE_IOERR: "a disk fails; see the system's log",
    sqlite.SQLITE_CANTOPEN: "it cannot be opened; see whose folder it is",
    sqlite.SQLITE_CORRUPT: "the database is damaged; keep the last backup that you have",
    sqlite.SQLITE_NOTADB: "the database is damaged; keep the last backup that you have",
}


def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; its key is put beside it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Makes an encrypted copy of the SQLite database in use.

    To restore it, put FILE and FILE.key in the place of the database and of its key.
    """
    settings = settings_of(config)
    source = file_of(settings)
    if source is None:
        raise CommandError("only an encrypted SQLite file is copied so; for PostgreSQL use pg_dump")
    if not source.exists():
        raise CommandError("there is no database yet: nothing was recorded")
    if not file.parent.is_dir():
        raise CommandError(f"the folder {file.parent} does not exist; create it, or name another")
    beside = encrypted_file.key_path(file)
    for one in (file, beside):
        if one.exists():
            raise CommandError(f"{one} exists already; choose another name")
    with complaining(VaultError):
        ring = open_ring(settings)
        key = encrypted_file.open_key(source, ring)
    try:
        _copied(source, key, file, ring)
    except (sqlite.Error, OSError) as error:
        raise CommandError(f"no copy was made: {_why(error, file)}", Exit.WRONG) from None
    typer.echo(f"{file} and {beside} are one backup; keep the master key apart from it")


def _copied(source: Path, key: bytes, file: Path, ring: KeyRing) -> None:
    """Copies, and shows meanwhile how large the copy is by now; it ends a little smaller, or larger."""
    draft = encrypted_file.copying_path(file)
    with advancing("copied", source.stat().st_size) as told, ThreadPoolExecutor(1) as apart:
        copy = apart.submit(encrypted_file.copy, source, key, file, ring)
        while wait([copy], _LOOKS_EVERY_SECONDS).not_done:
            told(draft.stat().st_size if draft.exists() else 0)
        copy.result()


def _why(error: Exception, file: Path) -> str:
    """In words: it is the copy's disk, and not the database's, that was written to."""
    if isinstance(error, BlockingIOError):
        return f"{file}: another process makes it just now"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or file}: {error.strerror}"
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    return f"{file}: {_SAID.get(code, type(error).__name__)}"
