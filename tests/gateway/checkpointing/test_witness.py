"""The file beside the database tells what the database lost, whatever became of the file's end."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from avgate_gateway.checkpointing import Checkpointer, EvidenceCutError
from avgate_gateway.proving.note import Checkpoint, signed
from avgate_gateway.store import checkpoints
from avgate_gateway.witness import Witness

from .signed_chain import (
    KEY,
    NOON,
    change,
    checked,
    exported,
    grown,
    rewritten,
    signed_twice,
)


@pytest.mark.parametrize("what", ["cut off", "restored", "exchanged"])
async def test_evidence_that_is_gone_keeps_a_gateway_from_starting(
    checkpointer: Checkpointer, what: str
) -> None:
    await signed_twice(checkpointer)
    await checkpointer.compare()
    match what:
        case "cut off":
            await change(checkpointer, "DELETE FROM evidence WHERE sequence > 305")
        case "restored":
            await change(
                checkpointer,
                "DELETE FROM evidence WHERE sequence > 300",
                "DELETE FROM checkpoint WHERE size > 300",
            )
        case _:
            await change(checkpointer, "UPDATE evidence SET details = '{}' WHERE sequence = 303")
            await rewritten(checkpointer, 303)
    with pytest.raises(EvidenceCutError, match="310 entries"):
        await checkpointer.compare()
    assert checkpointer.witness.set_aside(NOON).exists()
    await checkpointer.compare()


async def test_a_checkpoint_that_was_written_half_is_skipped(checkpointer: Checkpointer) -> None:
    await grown(checkpointer, 3)
    await checkpointer.sign()
    with checkpointer.witness.path.open("a") as file:
        file.write("\navgate-evidence\n9\nAAAA")
    await checkpointer.compare()


@pytest.mark.parametrize(
    "more", [b"", b"\n", b"\navgate-evi", b"\navgate-evidence\n9\nAAAA\n2026\n\n\xe2\x80"]
)
async def test_one_whose_signature_was_cut_short_by_a_full_disk_is_skipped(
    checkpointer: Checkpointer, tmp_path: Path, more: bytes
) -> None:
    await grown(checkpointer, 3)
    await checkpointer.sign()
    whole = checkpointer.witness.newest()
    cut = signed(Checkpoint(3, b"r" * 32, NOON), KEY)[:-20]
    with checkpointer.witness.path.open("ab") as file:
        file.write(f"\n{cut}".encode() + more)
    assert checkpointer.witness.newest() == whole
    assert checkpointer.witness.notes() == [whole]
    await checkpointer.compare()
    await grown(checkpointer, 2, 3)
    assert await checkpointer.sign()
    await exported(checkpointer, tmp_path / "log")
    assert checked(tmp_path / "log", checkpointer.witness.path)[0] == 0


async def test_a_file_that_cannot_be_written_is_told_until_it_has_the_checkpoint_that_it_missed(
    checkpointer: Checkpointer, lines: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """It was told as a mistake of ours, and a round later as if all were well, though nothing more was written."""
    path = tmp_path / "elsewhere" / "checkpoints.txt"  # on a disk that is not mounted just now
    checkpointer.witness = Witness(path)
    await grown(checkpointer, 3)
    for _ in range(3):
        await checkpointer.try_to_sign()
        why = "No such file or directory"
        expected = f"no checkpoint could be written to {path} ({why}); correct that"
        assert checkpointer.trouble == expected
    path.parent.mkdir()
    [told] = [json.loads(line) for line in lines.text.splitlines()]
    assert (told["event"], told["reason"]) == ("evidence.not_witnessed", checkpointer.trouble)
    await checkpointer.try_to_sign()
    assert checkpointer.trouble is None
    async with checkpointer.database.read() as db:
        newest = await checkpoints.newest(db)
    assert newest is not None
    assert checkpointer.witness.newest() == newest.note


async def test_no_checkpoint_is_written_behind_a_later_one_that_tells_what_was_cut_off(
    checkpointer: Checkpointer,
) -> None:
    await grown(checkpointer, 3)
    await checkpointer.sign()
    await grown(checkpointer, 2, 3)
    await checkpointer.sign()
    later = checkpointer.witness.newest()
    cut = ("DELETE FROM evidence WHERE sequence > 3", "DELETE FROM checkpoint WHERE size > 3")
    await change(checkpointer, *cut)
    await checkpointer.try_to_sign()
    assert checkpointer.witness.newest() == later
    assert checkpointer.trouble is not None, "what is left was signed, but it is not all that was"
    assert "has checkpoints that are not in the database" in checkpointer.trouble


def test_a_checkpoint_that_is_not_written_whole_is_no_success(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            Witness(tmp_path / "witness").add(signed(Checkpoint(3, b"r" * 32, NOON), KEY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "witness").stat().st_size == 100
