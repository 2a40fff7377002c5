"""Joins what was read of the chain of evidence, and says which entry is the first that does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from avgate_gateway.proving.entry import BEGINNING, Stored
from avgate_gateway.proving.stretch import Code, Misfit, Stretch, not_ours
from avgate_gateway.proving.tree import Frontier


class MisfitError(Exception):
    """An entry, or a checkpoint, that does not fit what is before it; the message says which and why."""


@dataclass(slots=True)
class Examination:
    """What was read so far: the end of the chain, the tree over it, and the effects that were intended.

    `checkpoints` are the roots that were signed, by size.
    """

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

    def read(self, rows: Iterable[Stored]) -> None:
        """Goes on with the next entries; raises MisfitError."""
        stretch = Stretch(self.number, self.checkpoints, self.looks_back)
        stretch.read(rows, self.code)
        self.join(stretch)

    def join(self, stretch: Stretch) -> None:
        """Goes on with entries that were read by themselves; raises MisfitError.

        Where the tree is looked at, stretches begin as `Frontier.extend` asks for.
        """
        found = min(self._misfits(stretch), key=lambda one: one.sequence, default=None)
        if found is not None:
            self.number = found.sequence - 1
            raise MisfitError(found.says)
        if stretch.number == self.number:
            return
        self.number, self.last = stretch.number, stretch.last
        self.is_attested = self.is_attested or stretch.is_attested
        self.intended |= stretch.intended
        self.frontier.extend(stretch.frontier)

    def end(self) -> None:
        """Raises MisfitError if more was signed than there is."""
        longest = max(self.checkpoints, default=0)
        if longest > self.frontier.size:
            raise MisfitError(
                f"a checkpoint tells of {longest} entries and there are {self.frontier.size}: "
                "the end is gone"
            )

    def _misfits(self, stretch: Stretch) -> Iterator[Misfit]:
        """What does not fit in a stretch or before it; of those of one entry, the first counts."""
        if stretch.first_previous not in {None, self.last}:
            yield Misfit(self.number + 1, f"entry {self.number + 1} does not fit the chain")
        if stretch.misfit is not None:
            yield stretch.misfit
        if self.is_attested and stretch.uncoded is not None:
            yield not_ours(stretch.uncoded)
        for number, name in stretch.ended:
            if self.looks_back and name not in self.intended:
                yield Misfit(
                    number, f"entry {number} tells of an effect that nobody intended before"
                )
        for size, root in stretch.roots.items():
            if self.frontier.root_with(root) != self.checkpoints[size]:
                yield Misfit(
                    size,
                    f"entry {size}, or one since the checkpoint before, is not what was signed",
                )
