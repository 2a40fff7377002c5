"""One tenant: a controller's address book and journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from avgate_contracts.vocabulary import Category
from avgate_mocks.people import CONTROLLERS, Person
from avgate_mocks.world import World
from avgate_mocks.xelion.address_book import AddressBook
from avgate_mocks.xelion.history import History
from avgate_mocks.xelion.installation import Installation
from avgate_mocks.xelion.journal import Journal
from avgate_mocks.xelion.refusal import no_such_object
from avgate_mocks.xelion.session import USER_NAME


@dataclass(frozen=True, slots=True)
class Tenant:
    name: str
    book: AddressBook
    journal: Journal
    installation: Installation

    def new_oid(self) -> str:
        return self.book.new_oid()

    def communications_with(self, oid: str) -> int:
        entries = self.journal.older(None, self.journal.with_(oid))
        return sum(self.journal.concerns(entry, oid) for entry in entries)

    def holds(self, person: Person) -> Mapping[Category, int]:
        return {Category.CONTACTS: self.book.owned(person), **self.journal.held(person)}


class Tenants:
    """Each controller is a tenant."""

    def __init__(self, world: World) -> None:
        self._tenants = {name: _tenant(world, name) for name in CONTROLLERS}

    def named(self, name: str) -> Tenant:
        """Raises XelionError 404/10100."""
        if name not in self._tenants:
            raise no_such_object()
        return self._tenants[name]

    def of(self, request: Request) -> Tenant:
        return self.named(request.path_params["tenant"])

    def holds(self, person: Person) -> Mapping[Category, int]:
        known = "xelion" in person.known_to
        return self._tenants[person.controller].holds(person) if known else {}


def _tenant(world: World, name: str) -> Tenant:
    history = History(world, world.known_to("xelion", name))
    book = AddressBook(world.seed, name, history)
    return Tenant(name, book, Journal(history, book), Installation(USER_NAME, book.new_oid))
