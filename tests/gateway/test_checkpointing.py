"""Somebody changes the evidence: it shows, by name, whoever does it and wherever they can write."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from avgate_gateway.checkpointing import (
    Checkpointer,
    EvidenceCutError,
    EvidenceKeyError,
    examination,
    open_evidence_key,
    root_at,
    trusted,
)
from avgate_gateway.proof import NotProvenYetError, logged, proven
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import Checkpoint, NoteError, believed, signed, verifier_key
from avgate_gateway.store import checkpoints, evidence
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.witness import Witness

KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_evidence.py"
REQUESTS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(9)]


@pytest.fixture
async def checkpointer(tmp_path: Path) -> AsyncIterator[Checkpointer]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    database = Database(url)
    database.attesting.key = b"k" * 32
    yield Checkpointer(database, KEY, Witness(tmp_path / "checkpoints.txt"), lambda: NOON)
    await database.close()


async def grown(own: Checkpointer, count: int, begin: int = 0) -> None:
    async with own.database.write() as db:
        for number in range(begin, begin + count):
            at = NOON + timedelta(seconds=number)
            key = {"key": f"k{number // 2}"}
            event = "effect.intended" if number % 2 == 0 else "effect.ended"
            request = REQUESTS[number // 2 % len(REQUESTS)]
            await evidence.append(db, at, "c", request, event, {**key, "items": number})


async def change(own: Checkpointer, *statements: str) -> None:
    async with own.database.write() as db:
        for statement in statements:
            await db.execute(sa.text(statement))


async def verified(own: Checkpointer) -> int:
    """How many entries there are; raises MisfitError as `avgate audit verify` tells it."""
    async with own.database.read() as db:
        notes = [row.note for row in await checkpoints.all_of_them(db)]
        rows = await evidence.rows(db, after=0, until=1_000_000)
    roots = {one.size: one.root for one in (believed(n, KEY.public_key()) for n in notes)}
    check = examination(own.database, roots)
    check.read(rows)
    check.end()
    return check.number


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


async def rewritten(own: Checkpointer, begin: int) -> None:
    """All entries from one on linked anew, as who knows how digests are made would."""
    async with own.database.read() as db:
        entries = list(await evidence.entries(db, limit=10_000))
    previous = entries[begin - 2].digest
    async with own.database.write() as db:
        for number, entry in enumerate(entries[begin - 1 :], begin):
            linked = entry._replace(sequence=number, previous=previous)
            previous = evidence.digest(linked)
            await db.execute(
                sa.text(
                    "UPDATE evidence SET sequence=:n, previous=:p, digest=:d WHERE sequence=:w"
                ),
                {"n": number, "p": linked.previous, "d": previous, "w": entry.sequence},
            )


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
    await grown(checkpointer, 300)
    await checkpointer.sign()
    await grown(checkpointer, 10, 300)
    await checkpointer.sign()
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


async def test_an_effect_without_an_intention_is_named(checkpointer: Checkpointer) -> None:
    await grown(checkpointer, 4)
    async with checkpointer.database.write() as db:
        await evidence.append(db, NOON, "c", REQUESTS[0], "effect.ended", {"key": "k9"})
    with pytest.raises(MisfitError, match="entry 5 tells of an effect"):
        await verified(checkpointer)


@pytest.mark.parametrize("what", ["cut off", "restored", "exchanged"])
async def test_evidence_that_is_gone_keeps_a_gateway_from_starting(
    checkpointer: Checkpointer, what: str
) -> None:
    await grown(checkpointer, 300)
    await checkpointer.sign()
    await grown(checkpointer, 10, 300)
    await checkpointer.sign()
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


def test_a_checkpoint_that_is_not_written_whole_is_no_success(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            Witness(tmp_path / "witness").add(signed(Checkpoint(3, b"r" * 32, NOON), KEY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "witness").stat().st_size == 100


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


def checked(file: Path, *kept: Path) -> tuple[int, str]:
    files = [str(file), verifier_key(KEY.public_key()), *map(str, kept)]
    command = [sys.executable, str(VERIFIER), *files]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own arguments
    return ended.returncode, ended.stdout + ended.stderr


async def exported(own: Checkpointer, file: Path) -> list[str]:
    async with own.database.read() as db:
        entries = await evidence.entries(db, limit=100_000)
        notes = [row.note for row in await checkpoints.all_of_them(db)]
    lines = [json.dumps(logged(one), separators=(",", ":")) for one in entries]
    lines += [json.dumps({"checkpoint": note}) for note in notes]
    write(file, lines)
    return lines


def write(file: Path, lines: Sequence[str]) -> None:
    file.write_text("\n".join(lines))


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


OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


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
