"""Reads the chain of evidence from its beginning, and says which entry is the first that does not fit."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from avgate_gateway.proving import tree

BEGINNING = "0" * 64
_KEY = re.compile(r'"key":"([^"]+)"')
Code = Callable[[str], bytes | None]
Contents = Callable[[datetime, str, str | None, str, str], str]
Digest = Callable[[int, str, str], str]


class MisfitError(Exception):
    """An entry, or a checkpoint, that does not fit what is before it; the message says which and why."""


class Row(NamedTuple):
    """An entry as it stands in the database; a tuple, for a million are made to be looked at once."""

    sequence: int
    at: datetime
    controller: str
    request_id: str | None
    event: str
    details: str
    previous: str
    digest: str
    code: bytes | None


@dataclass(slots=True)
class Frontier:
    """The roots of the complete subtrees of a tree that grows: what its root follows from."""

    size: int = 0
    _roots: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        self.size += 1
        grown, complete = leaf, self.size
        while complete % 2 == 0:
            grown = tree.parent(self._roots.pop(), grown)
            complete //= 2
        self._roots.append(grown)

    @property
    def root(self) -> bytes:
        if not self._roots:
            return tree.EMPTY
        found = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            found = tree.parent(left, found)
        return found


@dataclass(slots=True)
class Examination:
    """What was read so far: the end of the chain, the tree over it, and the effects that were intended.

    `checkpoints` are the roots that were signed, by size.
    """

    content: Contents
    digested: Digest
    code: Code
    checkpoints: Mapping[int, bytes]
    frontier: Frontier = field(default_factory=Frontier)
    last: str = BEGINNING
    is_attested: bool = False
    intended: set[str] = field(default_factory=set)
    looks_back: bool = True  # an effect may have been intended before where this one began
    number: int = 0

    def go_on(self, after: int, digest: str) -> None:
        """Begins after an entry that was examined before, and signed."""
        self.number, self.last = after, digest
        self.is_attested = True

    def read(self, rows: Sequence[Row]) -> None:
        """Goes on with the next entries; raises MisfitError."""
        for row in rows:
            content = self.content(row.at, row.controller, row.request_id, row.event, row.details)
            self._fits(row, content)
            self._is_ours(row, content)
            self._was_intended(row)
            self.last, self.number = row.digest, row.sequence
            if not self.looks_back:
                continue
            self.frontier.add(tree.leaf(row.digest))
            signed = self.checkpoints.get(row.sequence)
            if signed is None:
                continue
            if signed != self.frontier.root:
                raise MisfitError(
                    f"entry {row.sequence}, or one since the checkpoint before it, is not what was signed"
                )
            self.is_attested = True  # who signs gives codes: an entry without one is not ours

    def end(self) -> None:
        """Raises MisfitError if more was signed than there is."""
        longest = max(self.checkpoints, default=0)
        if longest > self.frontier.size:
            raise MisfitError(
                f"a checkpoint tells of {longest} entries and there are {self.frontier.size}: "
                "the end is gone"
            )

    def _fits(self, row: Row, content: str) -> None:
        expected = self.number + 1
        if row.sequence != expected:
            raise MisfitError(f"entry {expected} is missing")
        if row.previous != self.last or row.digest != self.digested(
            row.sequence, content, self.last
        ):
            raise MisfitError(f"entry {row.sequence} does not fit the chain")

    def _is_ours(self, row: Row, content: str) -> None:
        """Entries of a release before there were codes have none; after the first, or a checkpoint, each has."""
        if row.code is None and not self.is_attested:
            return
        self.is_attested = True
        code = self.code(content)
        if code is not None and not hmac.compare_digest(code, row.code or b""):
            raise MisfitError(f"entry {row.sequence} was not written by the gateway")

    def _was_intended(self, row: Row) -> None:
        if row.event not in {"effect.intended", "effect.ended"}:
            return
        found = _KEY.search(row.details)
        name = f"{row.request_id} {found[1] if found else ''}"
        if row.event == "effect.intended":
            self.intended.add(name)
        elif self.looks_back and name not in self.intended:
            raise MisfitError(
                f"entry {row.sequence} tells of an effect that nobody intended before"
            )
