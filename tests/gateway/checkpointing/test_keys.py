"""Whose signature is believed: where the key comes from, and who said so in the evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_gateway.checkpointing import (
    Checkpointer,
    EvidenceCutError,
    EvidenceKeyError,
    open_evidence_key,
    trusted,
)
from avgate_gateway.proof import proven
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import NoteError, believed, verifier_key
from avgate_gateway.store import checkpoints, evidence
from avgate_gateway.witness import Witness

from .signed_chain import KEY, NOON, OTHER, REQUESTS, change, grown, verified


async def test_what_another_machine_signed_is_believed_once_it_said_by_which_key(
    checkpointer: Checkpointer, tmp_path: Path
) -> None:
    other = Checkpointer(
        checkpointer.database, OTHER, Witness(tmp_path / "other.txt"), lambda: NOON
    )
    await checkpointer.announce()
    await grown(checkpointer, 6)
    await checkpointer.sign()
    await grown(checkpointer, 4, 6)
    await other.sign()
    async with checkpointer.database.read() as db:
        newest = await checkpoints.newest(db)
        assert newest is not None
        with pytest.raises(NoteError, match="another key"):
            believed(newest.note, *await trusted(db, KEY.public_key()))
    await other.announce()
    await other.announce()  # once is enough
    async with checkpointer.database.read() as db:
        keys = await trusted(db, KEY.public_key())
        assert believed(newest.note, *keys).size == 11
        assert [verifier_key(one) for one in keys[1:]] == list(await evidence.announced(db))
        assert len(keys) == 3
        proof = await proven(db, REQUESTS[0], *keys)
    assert proof["verifier_key"] == verifier_key(OTHER.public_key())
    await grown(checkpointer, 1, 10)
    made = await checkpointer.sign()
    assert made is not None
    assert made.size == 13  # 11, an announcement, and this


async def test_a_key_that_was_announced_by_nobody_of_ours_is_no_key(
    checkpointer: Checkpointer, tmp_path: Path
) -> None:
    await grown(checkpointer, 4)
    forger = Checkpointer(
        checkpointer.database, OTHER, Witness(tmp_path / "other.txt"), lambda: NOON
    )
    attesting = checkpointer.database.attesting
    key, attesting.key = attesting.key, b"another key, another key, anothe"
    await forger.announce()
    attesting.key = key
    async with checkpointer.database.read() as db:
        assert list(await trusted(db)) == []
    with pytest.raises(MisfitError, match="entry 5 was not written by the gateway"):
        await verified(checkpointer)
    with pytest.raises(MisfitError, match="entry 5 was not written by the gateway"):
        await checkpointer.sign()


async def test_a_machine_with_a_new_key_starts_by_what_its_old_one_signed(
    checkpointer: Checkpointer,
) -> None:
    await checkpointer.announce()
    await grown(checkpointer, 4)
    await checkpointer.sign()
    checkpointer.key = OTHER
    await checkpointer.compare()
    await change(checkpointer, "DELETE FROM evidence WHERE sequence > 4")
    with pytest.raises(EvidenceCutError, match="5 entries"):
        await checkpointer.compare()


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pem"
    made = open_evidence_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_evidence_key(path).private_bytes_raw() == made.private_bytes_raw()
    path.chmod(0o644)
    with pytest.raises(EvidenceKeyError, match="chmod 600"):
        open_evidence_key(path)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evidence.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(EvidenceKeyError, match="no private key"):
        open_evidence_key(path)
