"""What the processors hold of whom when the mock starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from avgate_mocks.people import Person
from avgate_mocks.world import World

Identity = tuple[str, str, str]  # type, format, value

_SUBJECTS = ("Number porting", "Invoice explained", "Handset replaced", "Call quality", "New line")


@dataclass(frozen=True, slots=True)
class Held:
    """One thing a processor holds of a person, and what it is filed under."""

    id: str
    person: Person
    kind: str
    data: Mapping[str, object]
    known_as: frozenset[Identity]

    def as_json(self) -> dict[str, object]:
        """As it stands in a file of results, with every identity in its raw form."""
        identities = [
            {"identity_type": kind, "identity_value": value}
            for kind, form, value in sorted(self.known_as)
            if form == "raw"
        ]
        return {"id": self.id, "kind": self.kind, "identities": identities, "data": dict(self.data)}


def customer_cards(world: World) -> Iterator[Held]:
    """A card in a book of customers, and notes of conversations, for everybody."""
    for person in world.known_to("subprocessors"):
        random = Random(f"{world.seed}/{person.position}/perfectview")
        known_as = _known_as(person, world)
        yield Held(f"pv-{person.position}-0", person, "contact_card", _card(person), known_as)
        for number in range(1, random.randint(2, 4)):
            note = {"subject": random.choice(_SUBJECTS), "author": "service desk"}
            held = f"pv-{person.position}-{number}"
            yield Held(held, person, "conversation_note", note, known_as)


def accounts(world: World) -> Iterator[Held]:
    """An account, for two people in three."""
    for person in world.known_to("subprocessors"):
        if Random(f"{world.seed}/{person.position}/workspace365").random() < 2 / 3:
            held = f"ws-{person.position}"
            yield Held(held, person, "account", _account(person), _known_as(person, world))


def _card(person: Person) -> Mapping[str, object]:
    return {
        "name": person.name.full,
        "email": person.emails[0],
        "phone": person.lines[-1].number,
        "city": person.address.city,
    }


def _account(person: Person) -> Mapping[str, object]:
    return {
        "display_name": person.name.full,
        "sign_in_name": person.emails[0],
        "language": "nl-NL",
    }


def _known_as(person: Person, world: World) -> frozenset[Identity]:
    return frozenset(_identities(person, world))


def _identities(person: Person, world: World) -> Iterator[Identity]:
    """A number counts while it is the person's: whoever has it next is found by it instead."""
    yield "controller_customer_id", "raw", person.customer_id
    for email in person.emails:
        yield "email", "raw", email
        yield "email", "sha256", sha256(email.encode()).hexdigest()
    for line in person.lines:
        if line.held.covers(world.as_of):
            yield "phone", "raw", line.number
