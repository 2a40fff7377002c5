"""All calls and voicemails of one tenant's people, worked out from the seed when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from avgate_mocks.people import Calls, Person
from avgate_mocks.world import World
from avgate_mocks.xelion.call_log import Entry, oid_of, place_of

Key = tuple[datetime, int]
_LOOK_BACK = 200  # entries searched for the last use of a number; a card need not be exact


@dataclass(frozen=True, slots=True)
class _Series:
    """The calls of one person, or the voicemails, oldest first."""

    person: Person
    calls: Calls
    voicemail: bool
    recorded: frozenset[int]

    def entry(self, index: int) -> Entry:
        return Entry(self.person, self.calls[index], self.voicemail, index in self.recorded)

    def key(self, index: int) -> Key:
        oid = oid_of(self.person, index, voicemail=self.voicemail)
        return self.calls.moments[index], oid

    def older(self, than: Key | None) -> Iterator[Entry]:
        places = range(len(self.calls))
        end = len(places) if than is None else bisect_left(places, than, key=self.key)
        return (self.entry(index) for index in reversed(places[:end]))

    def newer(self, than: Key | None) -> Iterator[Entry]:
        places = range(len(self.calls))
        start = 0 if than is None else bisect_right(places, than, key=self.key)
        return (self.entry(index) for index in places[start:])


class History:
    """Nothing here is kept but what the seed and the people say, so size costs nothing."""

    def __init__(self, world: World, people: Sequence[Person]) -> None:
        self.people = {person.position: person for person in people}
        self._series = {
            place: _series(world, person, voicemail=place[1])
            for person in people
            for place in ((person.position, False), (person.position, True))
        }

    def of(self, person: Person, *, voicemail: bool) -> Sequence[object]:
        return self._series[person.position, voicemail].calls

    def recorded(self, person: Person) -> frozenset[int]:
        """The OIDs of a person's calls that were recorded."""
        series = self._series[person.position, False]
        return frozenset(oid_of(person, index, voicemail=False) for index in series.recorded)

    def entry(self, oid: int) -> Entry | None:
        position, voicemail, index = place_of(oid)
        series = self._series.get((position, voicemail))
        return series.entry(index) if series and index < len(series.calls) else None

    def older(self, than: Key | None, people: Iterable[Person]) -> Iterator[Entry]:
        """Newest first, from just before `than`."""
        series = self._of_people(people)
        return merge(*(each.older(than) for each in series), key=_key, reverse=True)

    def newer(self, than: Key | None, people: Iterable[Person]) -> Iterator[Entry]:
        """Oldest first, from just after `than`."""
        return merge(*(each.newer(than) for each in self._of_people(people)), key=_key)

    def last_use(self, number: str, people: Iterable[Person]) -> datetime | None:
        entries = islice(self.older(None, people), _LOOK_BACK)
        return next((entry.call.at for entry in entries if entry.call.line.number == number), None)

    def _of_people(self, people: Iterable[Person]) -> list[_Series]:
        return [self._series[p.position, voicemail] for p in people for voicemail in (False, True)]


def _key(entry: Entry) -> Key:
    return entry.key


def _series(world: World, person: Person, *, voicemail: bool) -> _Series:
    volume = person.volume
    count = volume.xelion_voicemails if voicemail else volume.xelion_calls
    kind = "xelion-voicemail" if voicemail else "xelion"
    calls = Calls(world.seed, person, world.as_of, count, kind=kind)
    recordings = 0 if voicemail else min(volume.xelion_recordings, len(calls))
    spread = frozenset(place * len(calls) // recordings for place in range(recordings))
    return _Series(person, calls, voicemail, spread)
