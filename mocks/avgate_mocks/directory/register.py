"""Which numbers there are, whose they are now, and what is registered for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avgate_mocks.directory.content import ListingType, content_of
from avgate_mocks.directory.entry import Entry
from avgate_mocks.people import CONTROLLERS, Person, Role, cast, midnight
from avgate_mocks.world import World

ACCOUNTS: Mapping[str, str] = {name: str(5510 + 10 * i) for i, name in enumerate(CONTROLLERS)}
FED = Role.SAME_NAME_SECOND  # whose operator's feed puts back what was delisted


class Register:
    """One entry for every number that somebody holds on the first day."""

    def __init__(self, world: World) -> None:
        self.by_number = {entry.number: entry for entry in _entries(world)}
        self.by_id = {entry.listing_id: entry for entry in self.by_number.values()}

    def of_account(self, account: str, number: str) -> Entry | None:
        entry = self.by_number.get(number)
        return entry if entry and entry.account == account else None

    def listing(self, account: str, listing_id: str) -> Entry | None:
        entry = self.by_id.get(listing_id)
        return entry if entry and entry.account == account else None

    def of_person(self, person: str) -> list[Entry]:
        return [entry for entry in self.by_number.values() if entry.person == person]


def _entries(world: World) -> Iterator[Entry]:
    fed = cast(world.people)[FED].id
    for person in world.known_to("directory"):
        held = (line for line in person.lines if line.held.covers(world.as_of))
        for nth, line in enumerate(held, 1):
            entry = Entry(
                listing_id=f"L-{person.position:06d}-{nth}",
                account=ACCOUNTS[person.controller],
                person=person.id,
                number=line.number,
                held_since=line.held.start,
                fed=person.id == fed,
            )
            if (listing := _first_listing(person)) is not None:
                entry.register(content_of(person, listing), midnight(line.held.start))
            yield entry


def _first_listing(person: Person) -> ListingType | None:
    """What a person chose: the special cast stands everywhere, of the others a few do not."""
    if person.position <= len(Role):
        return ListingType.LISTED
    return {1: None, 7: ListingType.NON_LISTED}.get(person.position % 10, ListingType.LISTED)
