"""A stretch of the chain of evidence, held against itself alone: several are read at a time, and then joined."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from avgate_gateway.proving import tree
from avgate_gateway.proving.entry import Stored, content, digested, worded

_KEY = re.compile(r'"key":"([^"]+)"')
Code = Callable[[str], bytes | None]


class Misfit(NamedTuple):
    """The number of an entry that does not fit, and what is wrong with it."""

    sequence: int
    says: str


@dataclass(slots=True)
class Stretch:
    """What the entries after one say by themselves; what only those before can tell is left open.

    `sizes` are those that were signed. Reading ends at the first misfit.
    """

    after: int
    sizes: Collection[int] = ()
    is_whole: bool = True  # else neither the tree nor the intentions are looked at
    number: int = field(init=False)
    first_previous: str | None = None  # what its first entry says of the one before
    last: str = ""
    is_attested: bool = False
    uncoded: int | None = None  # the first entry without a code, where none before it has one
    intended: set[str] = field(default_factory=set)
    ended: list[tuple[int, str]] = field(default_factory=list)  # effects not intended in here
    frontier: tree.Frontier = field(default_factory=tree.Frontier)
    roots: dict[int, bytes] = field(default_factory=dict)  # of this stretch alone, at each size
    misfit: Misfit | None = None

    def __post_init__(self) -> None:
        self.number = self.after

    def read(self, rows: Iterable[Stored], code: Code) -> None:
        """Goes on with the next entries, unless one did not fit already."""
        for row in rows:
            if self.misfit is not None:
                return
            told = content(worded(row[1]), row[2], row[3], row[4], row[5])
            if self._fits(row, told) and self._is_ours(row, told, code):
                self.last, self.number = row[7], row[0]
                if self.is_whole:
                    self._was_intended(row)
                    self._grow(row)

    def end_at(self, number: int) -> None:
        """Nothing more is there to read: says so where there should be."""
        if self.misfit is None and self.number < number:
            self.misfit = Misfit(self.number + 1, f"entry {self.number + 1} is missing")

    def _fits(self, row: Stored, told: str) -> bool:
        sequence, previous, digest = row[0], row[6], row[7]
        if sequence != self.number + 1:
            self.end_at(sequence)
            return False
        if self.first_previous is None:
            self.first_previous = self.last = previous
        if previous != self.last or digest != digested(sequence, told, previous):
            self.misfit = Misfit(sequence, f"entry {sequence} does not fit the chain")
        return self.misfit is None

    def _is_ours(self, row: Stored, told: str, code: Code) -> bool:
        """Entries of a release before there were codes have none; after the first, or a checkpoint, each has."""
        sequence, given = row[0], row[8]
        if given is None and not self.is_attested:
            self.uncoded = self.uncoded or sequence
            return True
        self.is_attested = True
        expected = code(told)
        if expected is not None and not hmac.compare_digest(expected, given or b""):
            self.misfit = not_ours(sequence)
        return self.misfit is None

    def _was_intended(self, row: Stored) -> None:
        event = row[4]
        if event not in {"effect.intended", "effect.ended"}:
            return
        found = _KEY.search(row[5])
        name = f"{row[3]} {found[1] if found else ''}"
        if event == "effect.intended":
            self.intended.add(name)
        elif name not in self.intended:
            self.ended.append((row[0], name))

    def _grow(self, row: Stored) -> None:
        self.frontier.add(tree.leaf(row[7]))
        if row[0] in self.sizes:
            self.roots[row[0]] = self.frontier.root
            self.is_attested = True  # who signs gives codes: an entry without one is not ours


def not_ours(sequence: int) -> Misfit:
    """What is said of an entry that lacks the gateway's code."""
    return Misfit(sequence, f"entry {sequence} was not written by the gateway")
