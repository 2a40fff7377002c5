"""Signs how much evidence there is, every half minute while there is more: the log's checkpoints.

What is signed was examined first. Whoever writes entries into the database, and has not the key that
they are attested with, gets no signature under them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from avgate_gateway import key_on_disk
from avgate_gateway.logs.catalogue import EVIDENCE_MISFIT, EVIDENCE_NOT_WITNESSED
from avgate_gateway.logs.fault import record
from avgate_gateway.proving import tree
from avgate_gateway.proving.examination import Examination, MisfitError
from avgate_gateway.proving.note import (
    Checkpoint,
    NoteError,
    believed,
    opened_key,
    signed,
    signer,
    verifier_key,
)
from avgate_gateway.store import checkpoints, evidence
from avgate_gateway.store.advisory_lock import lock_by_name
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.witness import Witness

EVERY_SECONDS = 30.0
_PAGE = 20 * tree.TILE
_MORE = "has checkpoints that are not in the database"


class EvidenceCutError(Exception):
    """There is less evidence, or other, than was signed: it was restored, cut or exchanged."""


class EvidenceKeyError(Exception):
    """The key that checkpoints are signed with cannot be used."""


@dataclass(slots=True)
class Checkpointer:
    """Extends the tree over the evidence and signs its root."""

    database: Database
    key: Ed25519PrivateKey
    witness: Witness
    now: Callable[[], datetime]
    trouble: str | None = field(default=None, init=False)  # what keeps it from signing

    async def announce(self) -> None:
        """Says in the chain which key this machine signs with, so that the others believe it."""
        own = verifier_key(self.key.public_key())
        async with self.database.write() as db:
            await lock_by_name(db, "checkpoint")
            if own not in await evidence.announced(db):
                await evidence.append(
                    db,
                    self.now(),
                    evidence.WHOLE_GATEWAY,
                    None,
                    evidence.KEY_ANNOUNCED,
                    {"key": own},
                )

    async def try_to_sign(self) -> None:
        """Signs if there is anything new; what goes wrong is told, and kept in `trouble`."""
        try:
            await self.sign()
        except MisfitError as error:
            if self.trouble != str(error):
                EVIDENCE_MISFIT.tell(reason=str(error))
            self.trouble = str(error)
        except AwayError as error:  # which passes: the round after it signs
            self.trouble = f"no checkpoint could be made: {error}"
        except OSError as error:  # so does a disk that is full, or what somebody did to the file
            why = error.strerror or type(error).__name__
            trouble = f"no checkpoint could be written to {self.witness.path} ({why}); correct that"
            if self.trouble != trouble:
                EVIDENCE_NOT_WITNESSED.tell(reason=trouble)
            self.trouble = trouble
        except Exception as error:  # noqa: BLE001 -- a file of keys or checkpoints that is not there
            record(error)
            self.trouble = f"no checkpoint could be made: {type(error).__name__}"
        else:
            self.trouble = None

    async def sign(self) -> Checkpoint | None:
        """A checkpoint over all there is; None if that has one. Raises MisfitError."""
        outside = await asyncio.to_thread(self.witness.newest)  # it comes after the database's own
        known: Sequence[bytes] = ()
        async with self.database.read() as db:
            before = await checkpoints.newest(db)
            size = await checkpoints.length(db)
            is_more = before is None or before.size != size
            if is_more:
                await self._insist(db, before, outside, size)
                known = await checkpoints.tiles(db)
        if before is not None and not is_more:
            await self._witness_late(before, outside)
            return None
        if size == 0:
            return None
        fresh, rest = await self._grown(before, len(known), size)
        roots = [*known, *fresh, *([tree.root(rest)] if rest else [])]
        made = Checkpoint(size, tree.root(roots), self.now())
        note = signed(made, self.key)
        async with self.database.write() as db:
            await lock_by_name(db, "checkpoint")
            current = await checkpoints.newest(db)
            if current != before:
                return None  # another process was quicker
            await checkpoints.add_tiles(db, len(known), fresh)
            await checkpoints.add(db, checkpoints.Row(size, made.at, note))
        await asyncio.to_thread(self.witness.add, note)
        return made

    async def _witness_late(self, row: checkpoints.Row, outside: str | None) -> None:
        """Writes a checkpoint of this machine's that could not be written when it was made.

        Never behind a later one, which raises MisfitError: that tells of evidence that was cut off since, also
        where the end that is left is one that was signed, and nothing new comes for hours.
        """
        own = self.key.public_key()
        with suppress(NoteError):  # it is another machine's, or the last one there is
            told = believed(outside, own).size if outside is not None else 0
            if told > row.size:
                raise MisfitError(f"{self.witness.path} {_MORE}")
            if told < believed(row.note, own).size:
                await asyncio.to_thread(self.witness.add, row.note)

    async def _insist(
        self, db: Connection, before: checkpoints.Row | None, outside: str | None, size: int
    ) -> None:
        """Raises MisfitError unless what was signed last is all there yet: what follows it is signed with it."""
        if before is None and outside is not None:
            raise MisfitError("the checkpoints are gone from the database")
        notes = [before.note] if before is not None else []
        notes += [outside] if outside is not None and outside not in notes else []
        try:
            keys = await self._keys_of(db, notes)
            told = [believed(note, *keys) for note in notes]
        except NoteError as error:
            raise MisfitError(f"the newest checkpoint does not hold: {error}") from None
        if before is not None and max(one.size for one in told) > before.size:
            raise MisfitError(f"{self.witness.path} {_MORE}")
        for one in told:
            if one.size > size or await root_at(db, one.size) != one.root:
                raise MisfitError(
                    f"a checkpoint tells of {one.size} entries that are not, or not all, there any more"
                )

    async def _keys_of(self, db: Connection, notes: Sequence[str]) -> Sequence[Ed25519PublicKey]:
        """The keys to believe notes by: others' are looked for, in a long chain, only where one needs them."""
        own = self.key.public_key()
        with suppress(NoteError):
            for note in notes:
                signer(note, own)
            return [own]
        return await trusted(db, own)

    async def _grown(
        self, before: checkpoints.Row | None, tiles: int, size: int
    ) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """The roots of the runs that are complete by now, and the leaves after the last of them."""
        examined = before.size if before else 0
        found: list[bytes] = []
        leaves: list[bytes] = []
        check = await self._examination(examined)
        after = tiles * tree.TILE
        while after < size:
            until = min(after + _PAGE, size)
            async with self.database.read() as db:
                rows = await evidence.rows(db, after=max(after, examined), until=until)
                leaves += map(tree.leaf, await checkpoints.digests(db, after, until))
            check.read(rows)
            after = until
            whole = len(leaves) // tree.TILE
            found += [tree.root(leaves[n * tree.TILE : (n + 1) * tree.TILE]) for n in range(whole)]
            leaves = leaves[whole * tree.TILE :]
        return found, leaves

    async def _examination(self, examined: int) -> Examination:
        """One that goes on after what was signed before."""
        check = examination(self.database, {})
        check.looks_back = False
        if examined:
            async with self.database.read() as db:
                [last] = await checkpoints.digests(db, examined - 1, examined)
            check.go_on(examined, last)
        return check

    async def compare(self) -> None:
        """Raises EvidenceCutError where the witness tells of evidence that is not here."""
        note = self.witness.newest()
        if note is None:
            return
        async with self.database.read() as db:
            try:
                told = believed(note, *await trusted(db, self.key.public_key()))
            except NoteError as error:
                raise EvidenceCutError(
                    f"the newest checkpoint in {self.witness.path}: {error}"
                ) from None
            is_there = await checkpoints.length(db) >= told.size
            found = await root_at(db, told.size) if is_there else b""
        if found != told.root:
            raise EvidenceCutError(
                f"{self.witness.path} tells of {told.size} entries of evidence at "
                f"{told.at.isoformat(timespec='seconds')} that are not, or not all, in the database: it "
                "was restored, cut or exchanged. Run `avgate audit verify`; if it was you who "
                "restored it, say so with `avgate audit acknowledge`"
            )


async def trusted(db: Connection, *keys: Ed25519PublicKey) -> Sequence[Ed25519PublicKey]:
    """These keys, and behind them those that were announced in the chain; raises NoteError.

    Who announces one has to attest it: that an announcement is ours shows when the chain is examined.
    """
    return [*keys, *map(opened_key, await evidence.announced(db))]


def examination(database: Database, signed_roots: Mapping[int, bytes]) -> Examination:
    """An examination of this database's evidence, from its first entry on."""
    return Examination(database.attesting.code, signed_roots)


async def root_at(db: Connection, size: int) -> bytes:
    """The root over the first entries, as they are now."""
    known = (await checkpoints.tiles(db))[: size // tree.TILE]
    rest = await checkpoints.digests(db, len(known) * tree.TILE, size)
    leaves = [tree.leaf(one) for one in rest]
    tiles = [leaves[n : n + tree.TILE] for n in range(0, len(leaves), tree.TILE)]
    return tree.root([*known, *(tree.root(tile) for tile in tiles)])


def open_evidence_key(path: Path) -> Ed25519PrivateKey:
    """The key that checkpoints are signed with, made on first start (mode 0600)."""
    if not path.exists():
        made = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key_on_disk.create(path, made)
    if path.stat().st_mode & 0o077:
        raise EvidenceKeyError(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except ValueError:
        raise EvidenceKeyError(f"{path.name} is no private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceKeyError(f"{path.name} is no Ed25519 key")
    return key
