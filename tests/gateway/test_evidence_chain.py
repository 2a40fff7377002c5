"""Entries that share a transaction are linked to what is there, also after one of them was undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio

from avgate_gateway.store import evidence
from avgate_gateway.store.schema import metadata
from avgate_gateway.store.sqlite import SqliteFile

_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    file = SqliteFile(f"sqlite:///{tmp_path / 'avgate.db'}")
    with file.engine.begin() as made:
        metadata.create_all(made)
    yield file
    await file.close()


async def _add(file: SqliteFile, *events: str, fails: bool = False) -> None:
    async with file.write() as db:
        for event in events:
            await evidence.append(db, _AT, "libervoice", None, event)
        if fails:
            raise ValueError(events)


async def _whole(file: SqliteFile) -> list[str]:
    async with file.read() as db:
        found = await evidence.entries(db)
    assert evidence.first_broken(found, evidence.BEGINNING, 0) is None
    return [entry.event for entry in found]


async def test_those_who_share_a_transaction_go_on_where_the_one_before_ended(
    file: SqliteFile,
) -> None:
    await _add(file, "first")
    await asyncio.gather(_add(file, "a", "b"), _add(file, "c"), _add(file, "d", "e"))
    assert await _whole(file) == ["first", "a", "b", "c", "d", "e"]


async def test_what_was_undone_leaves_no_gap(file: SqliteFile) -> None:
    await asyncio.gather(
        _add(file, "a"), _add(file, "b", "c", fails=True), _add(file, "d"), return_exceptions=True
    )
    assert await _whole(file) == ["a", "d"]


async def test_another_process_comes_between_two_transactions(
    file: SqliteFile, tmp_path: Path
) -> None:
    other = SqliteFile(f"sqlite:///{tmp_path / 'avgate.db'}")
    for who, event in ((file, "a"), (other, "b"), (file, "c"), (other, "d")):
        await _add(who, event)
    assert await _whole(file) == ["a", "b", "c", "d"]
    await other.close()
