"""A chain of evidence that is signed: how tests lengthen it, change it, and have it looked through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from avgate_gateway.checkpointing import Checkpointer, examination
from avgate_gateway.proof import logged
from avgate_gateway.proving.note import believed, verifier_key
from avgate_gateway.store import checkpoints, evidence

KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VERIFIER = Path(__file__).parents[3] / "docs" / "verify_evidence.py"
REQUESTS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(9)]


async def grown(own: Checkpointer, count: int, begin: int = 0) -> None:
    async with own.database.write() as db:
        for number in range(begin, begin + count):
            at = NOON + timedelta(seconds=number)
            key = {"key": f"k{number // 2}"}
            event = "effect.intended" if number % 2 == 0 else "effect.ended"
            request = REQUESTS[number // 2 % len(REQUESTS)]
            await evidence.append(db, at, "c", request, event, {**key, "items": number})


async def signed_twice(own: Checkpointer) -> None:
    """Three hundred entries are signed, and then ten more."""
    for count, begin in ((300, 0), (10, 300)):
        await grown(own, count, begin)
        await own.sign()


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


OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
