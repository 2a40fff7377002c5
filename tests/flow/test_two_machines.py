"""Two machines on one PostgreSQL sign with keys of their own: each believes what the other signed, and so does a stranger."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avgate_gateway.checkpointing import Checkpointer, open_evidence_key
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.opening import open_store
from avgate_gateway.settings import load
from avgate_gateway.store import evidence
from avgate_gateway.witness import Witness

from .cluster import shared

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_evidence.py"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def machines(tmp_path: Path) -> list[Path]:
    """Two folders with one database and one master key, and an evidence key each."""
    url = shared().database()
    made = [tmp_path / name for name in ("first", "second")]
    for folder in made:
        folder.mkdir()
        (folder / "avgate.toml").write_text(
            f'database = "{url}"\n[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'
        )
    asyncio.run(worked(made[0], 5))
    shutil.copy(made[0] / "avgate.key", made[1] / "avgate.key")
    for folder in (made[1], made[0], made[1]):
        asyncio.run(worked(folder, 5))
    return made


async def worked(folder: Path, count: int) -> None:
    """A machine starts, writes entries down and signs them."""
    settings = load(folder / "avgate.toml", {})
    database = open_store(settings).database
    key = open_evidence_key(settings.evidence_key_file)
    own = Checkpointer(database, key, Witness(settings.checkpoints_file), lambda: NOON)
    await own.compare()
    await own.announce()
    for number in range(count):
        async with database.write() as db:
            await evidence.append(db, NOON, "c", None, "task.copied", {"items": number})
    await own.sign()
    await database.close()


def called(folder: Path, *words: str) -> int:
    return run(["audit", *words, "--config", str(folder / "avgate.toml")])


def test_each_believes_the_other_and_a_stranger_both(
    machines: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in machines:
        assert called(folder, "verify") == Exit.DONE
        assert "22 entries" in capsys.readouterr().out  # of which two say by which key is signed
        assert called(folder, "keys") == Exit.DONE
    keys = list(dict.fromkeys(capsys.readouterr().out.split()))
    assert len(keys) == 2
    assert called(machines[0], "export") == Exit.DONE
    (tmp_path / "log").write_text(capsys.readouterr().out)
    for given, code in ((",".join(keys), 0), (keys[0], 1)):
        command = [sys.executable, str(VERIFIER), str(tmp_path / "log"), given]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own arguments
        assert ended.returncode == code, ended


def test_without_the_master_key_the_other_is_believed_by_name(
    machines: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = machines
    assert called(second, "keys") == Exit.DONE
    keys = capsys.readouterr().out.split()
    (first / "avgate.key").rename(first / "away.key")
    assert called(first, "verify") == Exit.WRONG
    assert "another key" in capsys.readouterr().err
    named = [word for key in keys for word in ("--key", key)]
    assert called(first, "verify", *named) == Exit.DONE


def test_an_entry_that_was_changed_on_the_server_is_named(
    machines: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    url = load(machines[0] / "avgate.toml", {}).database
    shared().ask("UPDATE evidence SET details = '{}' WHERE sequence = 9", url=url)
    for folder in machines:
        assert called(folder, "verify") == Exit.WRONG
        assert "entry 9 does not fit the chain" in capsys.readouterr().err
