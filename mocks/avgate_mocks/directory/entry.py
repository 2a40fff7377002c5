"""One number's place in the directories: everything ever registered for its present holder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from avgate_mocks.directory.content import Content, ListingType
from avgate_mocks.directory.edition import Edition, Editions


@dataclass(frozen=True, slots=True)
class Version:
    at: datetime
    content: Content


@dataclass(slots=True)
class Entry:
    listing_id: str  # stays the same as long as the holder does
    account: str
    person: str
    number: str  # E.164
    held_since: date
    versions: list[Version] = field(default_factory=list)  # in order of time
    open_order: str | None = None
    only_attempt_failed: bool = False
    fed: bool = False  # the source operator's feed does not learn of delistings

    @property
    def registered(self) -> Content | None:
        return self.versions[-1].content if self.versions else None

    @property
    def before_delisting(self) -> Content | None:
        """The last content that was to appear somewhere."""
        shown = (v.content for v in reversed(self.versions) if _online(v.content))
        return next(shown, None)

    def register(self, content: Content, at: datetime) -> None:
        self.versions.append(Version(at, content))
        self.only_attempt_failed = False

    def as_of(self, moment: datetime) -> Version | None:
        """What was registered at a moment."""
        return next((v for v in reversed(self.versions) if v.at <= moment), None)


@dataclass(frozen=True, slots=True)
class Publication:
    """What one directory shows for an entry: `shown` is None where it does not appear.

    `until` is when this directory, or the edition that replaces it, will show something else;
    None if nothing that is registered changes it.
    """

    id: str
    shown: Content | None
    since: datetime
    until: datetime | None = None
    edition: Edition | None = None

    @property
    def kind(self) -> str:
        return "print" if self.edition else "online"


@dataclass(frozen=True, slots=True)
class Shelf:
    """All directories there are: the online one, and the printed editions in view."""

    editions: Editions

    def publications(self, entry: Entry, now: datetime) -> Iterator[Publication]:
        if not entry.versions:
            return
        yield self._online(entry, now)
        for edition in self.editions.in_view(now):
            yield self._printed(entry, edition, now)

    def standing(self, entry: Entry, now: datetime) -> int:
        """In how many publications the entry still appears, an effect to come not yet counted."""
        return sum(p.shown is not None for p in self.publications(entry, now))

    def _online(self, entry: Entry, now: datetime) -> Publication:
        lag = self.editions.pace.to_online
        version = entry.as_of(now - lag)
        shown = _online(version.content) if version else None
        since = version.at + lag if version else entry.versions[0].at
        later = (v.at + lag for v in entry.versions if v.at + lag > now)
        return Publication("online", shown, since, next(later, None))

    def _printed(self, entry: Entry, edition: Edition, now: datetime) -> Publication:
        shown = _in_print(entry, edition, now)
        until = self._replaced(entry, edition, shown, now) if edition.closes_at <= now else None
        return Publication(f"print-{edition.id}", shown, edition.published_at, until, edition)

    def _replaced(
        self, entry: Entry, edition: Edition, shown: Content | None, now: datetime
    ) -> datetime | None:
        """When the first edition that says something else comes out."""
        while edition.closes_at <= now:
            edition = self.editions.after(edition)
            if _in_print(entry, edition, now) != shown:
                return edition.published_at
        return None


def _online(content: Content) -> Content | None:
    return None if content.listing is ListingType.NON_PUBLISHED else content


def _in_print(entry: Entry, edition: Edition, now: datetime) -> Content | None:
    version = entry.as_of(min(edition.closes_at, now))
    if version is None or version.content.listing is not ListingType.LISTED:
        return None
    return version.content
