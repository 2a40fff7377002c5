"""The Merkle tree of RFC 9162 section 2.1, whose leaves are the entries of the chain of evidence.

Complete runs of 256 leaves are kept by their root alone: a power of two, so no root changes by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

TILE = 256  # leaves
EMPTY = sha256().digest()


def leaf(entry_digest: str) -> bytes:
    """The leaf of an entry, from the digest that the chain gives it."""
    return sha256(b"\x00" + bytes.fromhex(entry_digest)).digest()


def parent(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves, or over complete subtrees of one size and a smaller one at the end."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        pairs = [parent(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


@dataclass(slots=True)
class Frontier:
    """The roots of the complete subtrees of a tree that grows: what its root follows from."""

    size: int = 0
    _roots: list[bytes] = field(default_factory=list)

    def add(self, grown: bytes, leaves: int = 1) -> None:
        """Grows by a leaf, or by the root of a complete subtree that is no larger than what is there."""
        self.size += leaves
        complete = self.size // leaves
        while complete % 2 == 0:
            grown = parent(self._roots.pop(), grown)
            complete //= 2
        self._roots.append(grown)

    def extend(self, right: Frontier) -> None:
        """Grows by all of another, which has to begin where its largest subtree could begin."""
        left = right.size
        for one in right._roots:
            complete = 1 << (left.bit_length() - 1)
            if self.size % complete:
                raise ValueError(f"no {complete} leaves make a subtree after {self.size}")
            self.add(one, complete)
            left -= complete

    def root_with(self, right: bytes) -> bytes:
        """The root with as much more to the right as this tells of, which begins as in `extend`."""
        found = right
        for left in reversed(self._roots):
            found = parent(left, found)
        return found

    @property
    def root(self) -> bytes:
        if not self._roots:
            return EMPTY
        found = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            found = parent(left, found)
        return found


def inclusion(
    size: int, numbers: Iterable[int], subtree: Callable[[int, int], bytes]
) -> Sequence[bytes]:
    """The roots that make the tree's root from the leaves with these numbers, left to right.

    One proof for all of them: what one leaf's path shares with another's is not repeated, and what
    follows from the leaves themselves is left out. `subtree(begin, end)` is asked for what is needed.
    """
    wanted = sorted(set(numbers))

    def within(begin: int, end: int) -> bool:
        return any(begin <= number < end for number in wanted)

    def walk(begin: int, end: int) -> list[bytes]:
        if not within(begin, end):
            return [subtree(begin, end)]
        if end - begin == 1:
            return []
        middle = begin + split(end - begin)
        return walk(begin, middle) + walk(middle, end)

    return walk(0, size)


def root_by_inclusion(size: int, leaves: Mapping[int, bytes], proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to; raises ValueError for a proof of another shape."""
    left = list(reversed(proof))

    def walk(begin: int, end: int) -> bytes:
        if not any(begin <= number < end for number in leaves):
            return left.pop()
        if end - begin == 1:
            return leaves[begin]
        middle = begin + split(end - begin)
        lower = walk(begin, middle)
        return parent(lower, walk(middle, end))

    try:
        found = walk(0, size)
    except IndexError:
        raise ValueError("the proof is too short") from None
    if left:
        raise ValueError("the proof is too long")
    return found


def split(size: int) -> int:
    """How many leaves the left half of a tree has: the largest power of two below its size."""
    return 1 << ((size - 1).bit_length() - 1)
