"""How long things take here, and the printed editions with their dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations on the mock's clock: short where a demonstration waits, lifelike in print.

    No public source gives a Dutch directory's dates; these are ours.
    """

    to_processing: timedelta = timedelta(seconds=0.5)
    to_end: timedelta = timedelta(seconds=2)  # from receipt; about a day at the documented system
    to_online: timedelta = timedelta(seconds=0.5)  # from registration until online shows it
    feed_every: timedelta = timedelta(hours=24)
    clean_up: timedelta = timedelta(hours=24)
    first_close: timedelta = timedelta(days=-10)  # from the day on which people were invented
    edition_every: timedelta = timedelta(days=180)
    printing: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Edition:
    """One printed directory: what was registered when editorial closed is what it says."""

    index: int
    closes_at: datetime
    published_at: datetime

    @property
    def id(self) -> str:
        return f"{self.published_at:%Y-%m}"

    def state(self, now: datetime) -> str:
        if now < self.closes_at:
            return "OPEN"
        return "AT_PRINTER" if now < self.published_at else "PUBLISHED"


@dataclass(frozen=True, slots=True)
class Editions:
    """Edition 0 is at the printer on the first day, edition 1 is open; they go on for ever."""

    as_of: date
    pace: Pace

    def __getitem__(self, index: int) -> Edition:
        first = datetime(self.as_of.year, self.as_of.month, self.as_of.day, tzinfo=UTC)
        closes_at = first + self.pace.first_close + index * self.pace.edition_every
        return Edition(index, closes_at, closes_at + self.pace.printing)

    def after(self, edition: Edition) -> Edition:
        return self[edition.index + 1]

    def in_view(self, now: datetime) -> Iterator[Edition]:
        """The editions that people have or will have next: from in circulation up to the open one."""
        edition = self[0]
        while self.after(edition).published_at <= now:
            edition = self.after(edition)
        while edition.closes_at <= now:
            yield edition
            edition = self.after(edition)
        yield edition
