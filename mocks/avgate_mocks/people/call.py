"""Call records computed when asked for, so that fifty thousand cost nothing at start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import overload

from avgate_mocks.people.person import Line, Person

HISTORY = timedelta(days=730)
_MASK = (1 << 64) - 1
_KEPT = 1000  # calls of one person: lists ask for the same ones again and again


@dataclass(frozen=True, slots=True)
class Call:
    index: int
    at: datetime
    line: Line
    incoming: bool
    other_number: str  # E.164
    duration_seconds: int  # 0: not answered
    channel: int

    @property
    def calling(self) -> str:
        return self.other_number if self.incoming else self.line.number

    @property
    def called(self) -> str:
        return self.line.number if self.incoming else self.other_number


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def scramble(salt: int, index: int) -> int:
    """Sixty-four bits for a place in a sequence (the finaliser of SplitMix64)."""
    mixed = (salt + index * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def salt_of(*parts: object) -> int:
    """A number that depends on its parts alone, on every machine and in every run."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class Moments(Sequence[datetime]):
    """Moments spread evenly, with a jitter, over the last 24 months that a person had a line.

    They ascend, and each is computed from its index alone.
    """

    def __init__(self, seed: int, person: Person, as_of: date, count: int, *, kind: str) -> None:
        self.salt = salt_of(seed, person.id, kind)
        self._start, end = _span(person, as_of)
        self._length = end - self._start
        self._count = count if self._length > timedelta(0) else 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> datetime: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[datetime]: ...
    def __getitem__(self, index: int | slice) -> datetime | Sequence[datetime]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        jitter = scramble(self.salt, index) % 1000 / 1000
        offset = self._length * ((index + jitter) / self._count)
        return (self._start + offset).replace(microsecond=0)


class Calls(Sequence[Call]):
    """The call records of one person in one upstream, oldest first.

    `kind` tells upstreams apart: the same person, another `kind`, other calls.
    """

    def __init__(self, seed: int, person: Person, as_of: date, count: int, *, kind: str) -> None:
        self.moments = Moments(seed, person, as_of, count, kind=kind)
        self._lines = person.lines
        self._made: dict[int, Call] = {}

    def __len__(self) -> int:
        return len(self.moments)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | Sequence[Call]:
        if isinstance(index, slice):
            return list(self._slice(index))
        made = self._made.get(index)
        if made is None:
            made = self._worked_out(index)
            if len(self._made) < _KEPT:
                self._made[index] = made
        return made

    def _worked_out(self, index: int) -> Call:
        at = self.moments[index]
        bits = scramble(self.moments.salt ^ 0xA5A5, index)
        held = [line for line in self._lines if line.held.covers(at.date())]
        return Call(
            index=index,
            at=at,
            line=held[bits % len(held)],
            incoming=bool(bits >> 8 & 1),
            other_number=f"+31{('20', '61', '10', '85')[bits >> 9 & 3]}{2_000_000 + (bits >> 11) % 7_000_000}",
            duration_seconds=0 if bits >> 40 & 7 == 0 else 1 + (bits >> 43) % 1800,
            channel=1 + (bits >> 54) % 30,
        )

    def _slice(self, wanted: slice) -> Iterator[Call]:
        return (self[i] for i in range(*wanted.indices(len(self))))


def _span(person: Person, as_of: date) -> tuple[datetime, datetime]:
    start = max(midnight(as_of) - HISTORY, midnight(person.lines[0].held.start))
    ends = [line.held.end or as_of for line in person.lines]
    return start, min(midnight(as_of), midnight(max(ends)))
