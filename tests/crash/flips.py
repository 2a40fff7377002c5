"""Bits that flip in the files of a store: which of them are noticed, and by what."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

from avgate_gateway.store import evidence
from avgate_gateway.store.database import Database

_UNREADABLE = "by SQLite, which does not read it"


def flip(store: Path, work: Path, number: int, seed: int) -> dict[str, dict[str, int]]:
    """Flips one bit at a time in a copy of the database and of its log; says what noticed."""
    luck = Random(seed)  # noqa: S311 -- throws that can be repeated
    work.mkdir(parents=True, exist_ok=True)
    _copy(store, work)
    reference = _content(work)  # a look would tidy the log of the store itself away
    told: dict[str, dict[str, int]] = {}
    for name in ("avgate.db", "avgate.db-wal"):
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
    for name in ("avgate.db", "avgate.db-wal", "avgate.db-shm"):
        (work / name).unlink(missing_ok=True)
        if (store / name).exists() and not name.endswith("-shm"):
            shutil.copy(store / name, work / name)


def _noticed(folder: Path, reference: dict[str, list[object]]) -> str:
    try:
        chain = asyncio.run(_chain(folder))
    except Exception:  # noqa: BLE001 -- however it fails to open, that is noticed
        return _UNREADABLE
    if evidence.first_broken(chain, evidence.BEGINNING, 0) is not None:
        return "by the chain of evidence"
    return _compared(folder, reference)


def _compared(folder: Path, reference: dict[str, list[object]]) -> str:
    """What of it is noticed by nobody who only verifies the chain."""
    try:
        with closing(sqlite3.connect(folder / "avgate.db")) as plain:
            if plain.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return "by SQLite's own check, if somebody asks for it"
        content = _content(folder)
    except sqlite3.Error:
        return _UNREADABLE
    if content == reference:
        return "nothing is different"
    if len(content["evidence"]) < len(reference["evidence"]):
        return "not at all: the newest commits are gone"
    return "not at all, or only when what is sealed is opened"


async def _chain(folder: Path) -> list[evidence.Entry]:
    store = Database(f"sqlite:///{folder / 'avgate.db'}")
    try:
        async with store.read() as db:
            return list(await evidence.entries(db, limit=100_000))
    finally:
        await store.close()


def _content(folder: Path) -> dict[str, list[object]]:
    with closing(sqlite3.connect(folder / "avgate.db")) as plain:
        names = [
            row[0] for row in plain.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return {name: plain.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608 -- its own tables
