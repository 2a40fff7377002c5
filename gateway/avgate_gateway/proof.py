"""A proof of one request's evidence that an outsider checks without us: entries, their place in the tree, a checkpoint."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from avgate_gateway.proving import tree
from avgate_gateway.proving.note import believed, signer, verifier_key
from avgate_gateway.store import checkpoints, evidence
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.evidence import Entry


class NotProvenYetError(Exception):
    """No checkpoint covers the request's newest entry; one is made within half a minute."""


async def proven(db: Connection, request_id: str, *keys: Ed25519PublicKey) -> Mapping[str, Any]:
    """The proof as JSON, by a checkpoint that one of these keys signed; raises NotProvenYetError."""
    entries = await evidence.of_request(db, request_id)
    newest = await checkpoints.newest(db)
    if not entries or newest is None or newest.size < entries[-1].sequence:
        raise NotProvenYetError
    key = signer(newest.note, *keys)
    size = believed(newest.note, key).size
    wanted = [entry.sequence - 1 for entry in entries]
    leaves = await _Leaves.around(db, wanted, size)
    path = tree.inclusion(size, wanted, leaves.subtree)
    return {
        "request_id": request_id,
        "checkpoint": newest.note,
        "verifier_key": verifier_key(key),
        "entries": [entry_for_others(entry) for entry in entries],
        "path": [base64.b64encode(one).decode() for one in path],
    }


def entry_for_others(entry: Entry) -> Sequence[object]:
    """What an entry's digest is made of, in its order: whoever checks it needs nothing else."""
    return [
        entry.sequence,
        entry.at.isoformat(),
        entry.controller,
        entry.request_id,
        entry.event,
        entry.details,
        entry.previous,
    ]


def logged(entry: Entry) -> Sequence[object]:
    """The same with the digest: in a whole log it shows which entry is not as it was."""
    return [*entry_for_others(entry), entry.digest]


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The roots of complete runs, and the leaves of those runs in which somebody looks."""

    size: int
    tiles: Sequence[bytes]
    leaves: Mapping[int, Sequence[bytes]]  # by run

    @classmethod
    async def around(cls, db: Connection, wanted: Sequence[int], size: int) -> _Leaves:
        whole = size // tree.TILE
        tiles = list(await checkpoints.tiles(db))[:whole]
        runs = {number // tree.TILE for number in wanted} | ({whole} if size % tree.TILE else set())
        leaves = {}
        for run in sorted(runs):
            begin = run * tree.TILE
            found = await checkpoints.digests(db, begin, min(begin + tree.TILE, size))
            leaves[run] = [tree.leaf(one) for one in found]
        if size % tree.TILE:
            tiles.append(tree.root(leaves[whole]))
        return cls(size, tiles, leaves)

    def subtree(self, begin: int, end: int) -> bytes:
        if begin % tree.TILE == 0 and (end - begin >= tree.TILE or end == self.size):
            return tree.root(self.tiles[begin // tree.TILE : -(-end // tree.TILE)])
        run = begin // tree.TILE
        first = run * tree.TILE
        return tree.root(self.leaves[run][begin - first : end - first])
