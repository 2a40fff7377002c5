"""Somebody changes the evidence: it shows, by name, and gets no signature."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from avgate_gateway.checkpointing import Checkpointer, root_at
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import Checkpoint, signed
from avgate_gateway.store import checkpoints, evidence
from avgate_gateway.store.database import Database

from .signed_chain import (
    NOON,
    OTHER,
    REQUESTS,
    change,
    grown,
    rewritten,
    signed_twice,
    verified,
)


@pytest.mark.parametrize("steps", [[1], [5, 7], [256], [255, 1, 1], [300, 300, 3], [512, 1, 600]])
async def test_what_is_signed_is_the_root_over_all_entries(
    checkpointer: Checkpointer, steps: Sequence[int]
) -> None:
    size = 0
    for step in steps:
        await grown(checkpointer, step, size)
        size += step
        made = await checkpointer.sign()
        assert made is not None
        assert made.size == size
        async with checkpointer.database.read() as db:
            assert await root_at(db, size) == made.root
    assert await checkpointer.sign() is None
    assert await verified(checkpointer) == size
    await checkpointer.compare()


CHANGES = {
    "edited": "UPDATE evidence SET details = '[]' WHERE sequence = 7",
    "moved in time": "UPDATE evidence SET at = at + 1 WHERE sequence = 7",
    "given to another": "UPDATE evidence SET request_id = 'somebody else' WHERE sequence = 7",
    "removed": "DELETE FROM evidence WHERE sequence = 7",
    "its code taken away": "UPDATE evidence SET code = NULL WHERE sequence = 7",
    "with another's code": "UPDATE evidence SET code = (SELECT code FROM evidence WHERE sequence = 5) WHERE sequence = 7",
}


@pytest.mark.parametrize("what", CHANGES)
async def test_an_entry_that_was_changed_is_named(checkpointer: Checkpointer, what: str) -> None:
    await grown(checkpointer, 12)
    await change(checkpointer, CHANGES[what])
    with pytest.raises(MisfitError, match="entry 7"):
        await verified(checkpointer)
    with pytest.raises(MisfitError, match="entry 7"):
        await checkpointer.sign()


async def test_a_chain_that_was_linked_anew_lacks_what_was_signed(
    checkpointer: Checkpointer,
) -> None:
    await grown(checkpointer, 12)
    await checkpointer.sign()
    await grown(checkpointer, 8, 12)
    await change(checkpointer, "DELETE FROM evidence WHERE sequence = 9")
    await rewritten(checkpointer, 9)
    with pytest.raises(MisfitError, match=r"entry (9|12)"):
        await verified(checkpointer)


async def test_a_forged_entry_gets_no_signature(checkpointer: Checkpointer) -> None:
    await grown(checkpointer, 4)
    await checkpointer.sign()
    forger = Database(str(checkpointer.database._doors.engine.url))  # type: ignore[attr-defined]  # SQLite's
    forger.attesting.key = b"another key, another key, anothe"
    async with forger.write() as db:
        await evidence.append(db, NOON, "c", REQUESTS[0], "identity.verified", {})
    await forger.close()
    with pytest.raises(MisfitError, match="entry 5 was not written by the gateway"):
        await checkpointer.sign()
    await checkpointer.try_to_sign()
    assert "entry 5" in (checkpointer.trouble or "")


async def test_an_entry_without_a_code_gets_no_signature_after_a_checkpoint(
    checkpointer: Checkpointer,
) -> None:
    await grown(checkpointer, 4)
    await checkpointer.sign()
    attesting = checkpointer.database.attesting
    key, attesting.key = attesting.key, None
    await grown(checkpointer, 1, 4)
    attesting.key = key
    await change(checkpointer, "UPDATE evidence SET code = NULL")
    with pytest.raises(MisfitError, match="entry 5 was not written by the gateway"):
        await checkpointer.sign()
    with pytest.raises(MisfitError, match="entry 5 was not written by the gateway"):
        await verified(checkpointer)


async def test_what_was_signed_is_not_signed_anew_once_its_checkpoints_are_gone(
    checkpointer: Checkpointer,
) -> None:
    await grown(checkpointer, 4)
    await checkpointer.sign()
    await change(
        checkpointer,
        "DELETE FROM checkpoint",
        "UPDATE evidence SET code = NULL, details = '{}' WHERE sequence = 2",
    )
    await rewritten(checkpointer, 2)
    with pytest.raises(MisfitError, match="checkpoints are gone"):
        await checkpointer.sign()


@pytest.mark.parametrize("what", ["entries", "checkpoints too"])
async def test_nothing_is_signed_over_an_end_that_was_cut_off_meanwhile(
    checkpointer: Checkpointer, what: str
) -> None:
    await signed_twice(checkpointer)
    await change(checkpointer, "DELETE FROM evidence WHERE sequence > 302")
    if what != "entries":
        await change(checkpointer, "DELETE FROM checkpoint WHERE size > 300")
    await checkpointer.try_to_sign()
    is_told = checkpointer.trouble
    await grown(checkpointer, 20, 400)
    await checkpointer.try_to_sign()
    assert is_told, "there is less than was signed"
    assert checkpointer.trouble
    async with checkpointer.database.read() as db:
        newest = await checkpoints.newest(db)
    assert newest is not None
    assert newest.size <= 310


async def test_a_checkpoint_of_somebody_else_keeps_nobody_from_hearing_of_it(
    checkpointer: Checkpointer,
) -> None:
    await grown(checkpointer, 4)
    await checkpointer.sign()
    forged = signed(Checkpoint(10**9, b"r" * 32, NOON), OTHER)
    async with checkpointer.database.write() as db:
        await checkpoints.add(db, checkpoints.Row(10**9, NOON, forged))
    await grown(checkpointer, 2, 4)
    with pytest.raises(MisfitError, match="the newest checkpoint does not hold"):
        await checkpointer.sign()


async def test_an_effect_without_an_intention_is_named(checkpointer: Checkpointer) -> None:
    await grown(checkpointer, 4)
    async with checkpointer.database.write() as db:
        await evidence.append(db, NOON, "c", REQUESTS[0], "effect.ended", {"key": "k9"})
    with pytest.raises(MisfitError, match="entry 5 tells of an effect"):
        await verified(checkpointer)


async def test_entries_of_a_release_without_codes_are_taken_until_the_first_has_one(
    checkpointer: Checkpointer,
) -> None:
    attesting = checkpointer.database.attesting
    key, attesting.key = attesting.key, None
    await grown(checkpointer, 3)
    attesting.key = key
    await grown(checkpointer, 3, 3)
    await checkpointer.sign()
    assert await verified(checkpointer) == 6
