"""Which part of the log a list call is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from avgate_mocks.people import Person
from avgate_mocks.xelion.call_log import Entry
from avgate_mocks.xelion.history import Key
from avgate_mocks.xelion.journal import Journal

_WINDOW = timedelta(days=28)
_LAST = 1 << 63  # later than any OID of the same moment


@dataclass(frozen=True, slots=True)
class Asked:
    """From the cursor on, in one direction; `since` and `until` are inclusive."""

    rows: int
    ascending: bool
    cursor: Entry | None
    since: datetime | None
    until: datetime | None
    partner: str | None

    def entries(self, journal: Journal, people: Sequence[Person] | None = None) -> Iterator[Entry]:
        if self.ascending:
            return takewhile(self._covers, self._skip(journal.newer(self._start(), people)))
        return takewhile(self._covers, self._skip(journal.older(self._start(), people)))

    def _start(self) -> Key | None:
        if self.cursor is not None:
            return self.cursor.key
        if self.ascending:
            return None if self.since is None else (self.since, 0)
        return None if self.until is None else (self.until, _LAST)

    def _skip(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Without what lies between the cursor and the beginning of the dates asked for."""
        if self.ascending:
            return (e for e in entries if self.since is None or e.call.at >= self.since)
        return (e for e in entries if self.until is None or e.call.at <= self.until)

    def _covers(self, entry: Entry) -> bool:
        late_enough = self.since is None or entry.call.at >= self.since
        return late_enough and (self.until is None or entry.call.at <= self.until)

    def window(self, now: datetime) -> Asked:
        """The same, narrowed to the 28 days that one search covers."""
        if self.ascending:
            start = self.cursor.call.at if self.cursor else self.since
            edge = None if start is None else start + _WINDOW
            return replace(self, until=min(filter(None, (edge, self.until)), default=None))
        start = self.cursor.call.at if self.cursor else self.until or now
        edge = start - _WINDOW
        return replace(self, since=edge if self.since is None else max(edge, self.since))

    def leads_on(self, whole: Asked, oldest: datetime) -> bool:
        """Whether there may be more before this window, in what was asked for as a whole."""
        if self.ascending or self.since is None or self.since == whole.since:
            return False
        return self.since >= oldest
