"""The address book of one tenant: who is in it, and which object a number leads to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import canonical
from avgate_contracts.vocabulary import IdentifierKind
from avgate_mocks.people import Person
from avgate_mocks.xelion import addressable
from avgate_mocks.xelion.addressable import Addressable
from avgate_mocks.xelion.correspondent import correspondents
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.history import History
from avgate_mocks.xelion.refusal import no_permission, no_such_object, wrong_object

_FIRST_UNKNOWN, _FIRST_MADE, _STEP = 3_000_000, 90_000_000, 7


class AddressBook:
    """Objects by OID; what a deleted one was called is remembered, as old call logs do."""

    def __init__(self, seed: int, tenant: str, history: History) -> None:
        self._objects: dict[str, Addressable] = {}
        self._order: list[int] = []
        self._names: dict[str, str] = {}
        self._made = _FIRST_MADE
        self._unknown: dict[str, str] = {}
        self._people = tuple(history.people.values())
        self._behind: dict[str, Sequence[Person]] = {}
        self.others = correspondents(seed, tenant)
        self.other_oids = frozenset(str(content["oid"]) for content in self.others)
        for content in self.others:
            self.put(Addressable(content, None))
        self._add_cards(history)
        self._add_unknown(history)

    def _add_cards(self, history: History) -> None:
        loose = set(_loose_numbers(self._people))
        for one in self._people:
            if one.xelion_id is not None:
                known = [line.number for line in one.lines if line.number not in loose]
                numbers = [(number, history.last_use(number, [one])) for number in known]
                content = addressable.person(one, numbers, one.xelion_id)
                self._behind[one.xelion_id] = [one]
                self.put(Addressable(content, one.id))

    def _add_unknown(self, history: History) -> None:
        for place, (number, holders) in enumerate(_loose_numbers(self._people).items()):
            oid = str(_FIRST_UNKNOWN + place * _STEP)
            last = history.last_use(number, holders)
            # A number that was handed on is one that the API user may not remove.
            content = addressable.unknown(oid, number, last, removable=len(holders) == 1)
            self._unknown[number] = oid
            self._behind[oid] = holders
            self.put(Addressable(content, holders[-1].id))

    def put(self, one: Addressable) -> None:
        if one.oid not in self._objects:
            insort(self._order, int(one.oid))
        self._objects[one.oid] = one
        self._names[one.oid] = str(one.content["commonName"])

    def find(self, oid: str) -> Addressable:
        """Raises XelionError 404/10100."""
        found = self._objects.get(oid)
        if found is None:
            raise no_such_object()
        return found

    def holds(self, oid: str) -> bool:
        return oid in self._objects

    def reference(self, oid: str) -> JsonObject:
        """An object as others refer to it; raises XelionError 404/10100."""
        content = self.find(oid).content
        return {name: content[name] for name in ("commonName", "oid", "objectType")}

    def called(self, oid: str) -> str:
        """What an object is called, or was called last."""
        return self._names[oid]

    def listed(self, after: int | None, before: int | None) -> Iterator[Addressable]:
        """In order of OID; backwards from `before` if that is given."""
        if before is not None:
            places: Sequence[int] = self._order[: bisect_left(self._order, before)][::-1]
        else:
            places = self._order[0 if after is None else bisect_right(self._order, after) :]
        return (self._objects[str(oid)] for oid in places)

    def create(self, content: JsonObject) -> Addressable:
        """Raises XelionError 10203 for an object type that is none."""
        kind = str(content.get("objectType"))
        if kind not in addressable.KINDS:
            raise wrong_object()
        complete = {**addressable.blank(self.new_oid(), kind), **content}
        one = Addressable(addressable.named(complete), self.owner_of(complete))
        self.put(one)
        return one

    def remove(self, oid: str) -> Addressable:
        """For good: there is no recycle bin. Raises XelionError 404/10100 or 403/10101."""
        one = self.find(oid)
        if not one.removable:
            raise no_permission()
        self.drop(oid)
        return one

    def drop(self, oid: str) -> None:
        """Remove without asking for permission, as an administrator does."""
        del self._objects[oid]
        self._order.pop(bisect_left(self._order, int(oid)))

    def new_oid(self) -> str:
        self._made += _STEP
        return str(self._made)

    def leads_to(self, person: Person, number: str) -> str:
        """The OID under which a call of this person by this number is logged."""
        return self._unknown.get(number) or str(person.xelion_id)

    def behind(self, oid: str) -> Sequence[Person] | None:
        """The people whose calls were logged under an object; None where anybody's may be."""
        return self._behind.get(oid)

    def owned(self, person: Person) -> int:
        return sum(one.owner == person.id for one in self._objects.values())

    def owner_of(self, content: JsonObject) -> str | None:
        """Whose numbers or addresses an object holds, if it is one of the invented people."""
        held = {_spelled(line.get("address")) for line in content["telecomAddresses"]}
        return next((one.id for one in self._people if held & set(_reached_by(one))), None)


def _loose_numbers(people: Sequence[Person]) -> dict[str, list[Person]]:
    """Numbers on no card with their holders, earliest first: handed-on ones, and others at times."""
    held_by = Counter(line.number for one in people for line in one.lines)
    loose: dict[str, list[Person]] = {}
    for one in people:
        for place, line in enumerate(one.lines):
            if held_by[line.number] > 1 or (place > 0 and one.position % 3 == 1):
                loose.setdefault(line.number, []).append(one)
    return loose


def _reached_by(one: Person) -> Iterator[str]:
    yield from (line.number for line in one.lines)
    yield from one.emails


def _spelled(address: object) -> str:
    text = str(address)
    kind = IdentifierKind.EMAIL if "@" in text else IdentifierKind.PHONE
    try:
        return canonical(kind, text)
    except InvalidIdentifierError:
        return text
