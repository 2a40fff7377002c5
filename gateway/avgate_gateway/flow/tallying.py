"""Counts what was shown of a person, by category, with its years and what the law would keep of it.

It keeps numbers, years and grounds, and nothing that an upstream told of the person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from avgate_contracts.record import Record
from avgate_contracts.vocabulary import Category
from avgate_gateway.retention import Action, Ground, Pack, Verdict, decide, local_day

_TO_SAY = frozenset({Action.RETAIN, Action.BY_HAND})  # why something goes is of no concern here


@dataclass(frozen=True, slots=True)
class Fate:
    """What an erasure today would come to for some of a category.

    `ground` and `rule` are of what stays or is left to a person; `until` is the last day on which
    the last of it stays, None for as long as the service runs.
    """

    action: Action
    count: int
    ground: Ground | None = None
    rule: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One category of one system; the years are None where nothing says of when it is."""

    category: Category
    count: int
    oldest: int | None
    newest: int | None
    fates: tuple[Fate, ...]


_Kind = tuple[Action, "Ground | None", "str | None"]


@dataclass(slots=True)
class _Heap:
    count: int = 0
    years: set[int] = field(default_factory=set)
    fates: dict[_Kind, list[date | None]] = field(default_factory=dict)

    def line(self, category: Category) -> Line:
        fates = sorted(
            (
                Fate(action, len(ends), ground, rule, _last(ends))
                for (action, ground, rule), ends in self.fates.items()
            ),
            key=lambda fate: (fate.action not in _TO_SAY, -fate.count),
        )
        oldest, newest = min(self.years, default=None), max(self.years, default=None)
        return Line(category, self.count, oldest, newest, tuple(fates))


@dataclass(slots=True)
class Tally:
    """What one system showed; the same item shown twice counts once.

    `after_service`: categories of which the system lets nothing go while the service runs.
    """

    pack: Pack
    now: datetime
    after_service: Collection[Category] = ()
    _heaps: dict[Category, _Heap] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set, repr=False)

    @property
    def count(self) -> int:
        return len(self._seen)

    def add(self, record: Record) -> bool:
        """Counts a record; whether it is one that was not counted before."""
        item = record.item
        if item.ref in self._seen:
            return False
        self._seen.add(item.ref)
        heap = self._heaps.setdefault(item.category, _Heap())
        heap.count += 1
        at = record.occurred_at or item.term_starts
        if at is not None and at.tzinfo is not None:
            heap.years.add(local_day(at).year)
        bound = item.category in self.after_service
        verdict = decide(item, self.pack, self.now, after_service=bound)
        heap.fates.setdefault(_kind(verdict), []).append(verdict.until)
        return True

    def lines(self) -> tuple[Line, ...]:
        """By category, the largest first."""
        made = (heap.line(category) for category, heap in self._heaps.items())
        return tuple(sorted(made, key=lambda line: (-line.count, line.category)))


def _kind(verdict: Verdict) -> _Kind:
    if verdict.action in _TO_SAY:
        return verdict.action, verdict.ground, verdict.rule
    return Action.ERASE, None, None


def _last(ends: list[date | None]) -> date | None:
    """None where any of it has no end yet."""
    days = [end for end in ends if end is not None]
    return max(days) if days and len(days) == len(ends) else None
