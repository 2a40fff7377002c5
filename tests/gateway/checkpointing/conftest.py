"""Who signs a chain of evidence that begins empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from avgate_gateway.checkpointing import Checkpointer
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.witness import Witness

from .signed_chain import KEY, NOON


@pytest.fixture
async def checkpointer(tmp_path: Path) -> AsyncIterator[Checkpointer]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    database = Database(url)
    database.attesting.key = b"k" * 32
    yield Checkpointer(database, KEY, Witness(tmp_path / "checkpoints.txt"), lambda: NOON)
    await database.close()
