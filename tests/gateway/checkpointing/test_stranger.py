"""Whoever has nothing of ours but the key comes to the same answer, of all and of one request."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from avgate_gateway.checkpointing import Checkpointer
from avgate_gateway.proof import NotProvenYetError, proven
from avgate_gateway.proving.note import Checkpoint, signed

from .signed_chain import KEY, NOON, REQUESTS, checked, exported, grown, write


async def test_two_checkpoints_that_differ_over_as_much_are_told_by_the_stranger(
    checkpointer: Checkpointer, tmp_path: Path
) -> None:
    await grown(checkpointer, 4)
    await checkpointer.sign()
    lines = await exported(checkpointer, tmp_path / "log")
    other = json.dumps({"checkpoint": signed(Checkpoint(4, b"r" * 32, NOON), KEY)})
    for spoilt in ([*lines, other], [*lines[:-1], other, lines[-1]]):
        write(tmp_path / "log", spoilt)
        code, told = checked(tmp_path / "log")
        assert (code, "two checkpoints" in told) == (1, True)


async def test_a_verifier_that_has_nothing_of_ours_agrees(
    checkpointer: Checkpointer, tmp_path: Path
) -> None:
    await grown(checkpointer, 40)
    await checkpointer.sign()
    await grown(checkpointer, 9, 40)
    await checkpointer.sign()
    file = tmp_path / "log"
    lines = await exported(checkpointer, file)
    assert checked(file) == (0, "49 entries are whole; 49 of them are signed\n")
    chance = random.Random(7)  # noqa: S311 -- repeatable, and no secret
    for _ in range(12):
        spoilt, place = list(lines), chance.randrange(49)
        match chance.randrange(5):
            case 0:
                spoilt[place] = spoilt[place].replace("effect", "affect")
            case 1:
                del spoilt[place]
            case 2:
                spoilt.insert(place, spoilt[place])
            case 3:
                other = (place + 1) % 49
                spoilt[place], spoilt[other] = spoilt[other], spoilt[place]
            case _:
                spoilt = spoilt[:place] + spoilt[49:]
        file.write_text("\n".join(spoilt))
        code, told = checked(file)
        assert code == 1, told


async def test_a_proof_of_one_request_is_small_and_holds_by_itself(
    checkpointer: Checkpointer, tmp_path: Path
) -> None:
    await grown(checkpointer, 700)
    file = tmp_path / "proof"
    with pytest.raises(NotProvenYetError):
        async with checkpointer.database.read() as db:
            await proven(db, REQUESTS[3], KEY.public_key())
    await checkpointer.sign()
    async with checkpointer.database.read() as db:
        proof = await proven(db, REQUESTS[3], KEY.public_key())
    file.write_text(json.dumps(proof, separators=(",", ":")))
    assert checked(file)[0] == 0, checked(file)
    for name, spoilt in {
        "another entry": {**proof, "entries": proof["entries"][1:]},
        "another request": {**proof, "request_id": REQUESTS[0]},
        "another path": {**proof, "path": [proof["path"][-1], *proof["path"][1:]]},
    }.items():
        file.write_text(json.dumps(spoilt, separators=(",", ":")))
        assert checked(file)[0] == 1, name
