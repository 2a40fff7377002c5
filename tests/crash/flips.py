"""Bits that flip in the files of a store: which of them are noticed, and by what."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from random import Random

from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store import encrypted_file, evidence
from avgate_gateway.vault import VaultError

from ..flow.sealed_file import KEYS, database_of, file_opened, key_of

_UNREADABLE = "by SQLite, which does not read it"


def flip(store: Path, work: Path, number: int, seed: int) -> dict[str, dict[str, int]]:
    """Flips one bit at a time in a copy of the database and of its log; says what noticed."""
    luck = Random(seed)  # noqa: S311 -- throws that can be repeated
    work.mkdir(parents=True, exist_ok=True)
    _copy(store, work)
    reference = _content(work)  # a look would tidy the log of the store itself away
    told: dict[str, dict[str, int]] = {}
    for name in ("avgate.db", "avgate.db-wal", *KEYS):
        if not (store / name).exists() or not (store / name).stat().st_size:
            continue
        found: Counter[str] = Counter()
        for _ in range(number):
            _copy(store, work)
            content = bytearray((work / name).read_bytes())
            content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)
            (work / name).write_bytes(content)
            found[_noticed(work, reference)] += 1
        told[name] = dict(found)
    return told


def _copy(store: Path, work: Path) -> None:
    for name in ("avgate.db", "avgate.db-wal", "avgate.db-shm", *KEYS):
        (work / name).unlink(missing_ok=True)
        if (store / name).exists() and not name.endswith("-shm"):
            shutil.copy(store / name, work / name)


def _noticed(folder: Path, reference: dict[str, list[object]]) -> str:
    try:
        damaged = encrypted_file.damaged_pages(folder / "avgate.db", key_of(folder))
        chain = asyncio.run(_chain(folder))
    except VaultError:
        return "by the start, which says that a key does not fit"
    except Exception:  # noqa: BLE001 -- however it fails to open, that is noticed
        return _UNREADABLE
    if damaged:
        return "by the check of pages"
    if evidence.first_broken(chain, evidence.BEGINNING, 0) is not None:
        return "by the chain of evidence"
    return _compared(folder, reference)


def _compared(folder: Path, reference: dict[str, list[object]]) -> str:
    """What of it is noticed by nobody who only verifies the chain."""
    try:
        with file_opened(folder) as plain:
            if plain.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return "by SQLite's own check, if somebody asks for it"
        content = _content(folder)
    except sqlite.Error:
        return _UNREADABLE
    if content == reference:
        return "nothing is different"
    if len(content["evidence"]) < len(reference["evidence"]):
        return "not at all: the newest commits are gone"
    return "not at all, or only when what is sealed is opened"


async def _chain(folder: Path) -> list[evidence.Entry]:
    store = database_of(folder)
    try:
        async with store.read() as db:
            return list(await evidence.entries(db, limit=100_000))
    finally:
        await store.close()


def _content(folder: Path) -> dict[str, list[object]]:
    with file_opened(folder) as plain:
        names = [
            row[0] for row in plain.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return {name: plain.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608 -- its own tables
