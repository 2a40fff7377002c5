"""All that the core network holds for one controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from avgate_contracts.vocabulary import Category
from avgate_mocks.operator import party, product
from avgate_mocks.operator.collection import Collection
from avgate_mocks.operator.party import individual_of
from avgate_mocks.operator.product import products_of
from avgate_mocks.operator.shape import Resource, named
from avgate_mocks.operator.usage import Book, Kind
from avgate_mocks.people import Person, salt_of
from avgate_mocks.world import World

_LINES = frozenset({"voice", "mobile"})
_IN_CHARACTERISTICS: Mapping[str, Category] = {
    "reachConfiguration": Category.REACH_CONFIGURATION,
    "contacts": Category.CONTACTS,
    "ipAddress": Category.CONNECTION_DATA,
    "deliveryAddress": Category.DELIVERY_ADDRESS,
    "crmData": Category.CRM_DATA,
}
_IN_BOOKS: Mapping[Kind, Category] = {
    Kind.CALL: Category.COMMUNICATION_METADATA,
    Kind.SESSION: Category.NETWORK_METADATA,
    Kind.VOICEMAIL: Category.VOICEMAIL,
    Kind.RECORDING: Category.RECORDING,
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """Individuals, products and usages; the last by the id of their individual."""

    controller: str
    individuals: Collection
    products: Collection
    books: Mapping[str, Book]


def tenant(world: World, controller: str, href: Callable[[str, str], str]) -> Tenant:
    held = {party_id(world, person): person for person in world.known_to("operator", controller)}
    individuals = [individual_of(p, one, href(party.PATH, one)) for one, p in held.items()]
    products = [found for one, p in held.items() for found in products_of(p, one, href)]
    return Tenant(
        controller,
        Collection(individuals, party.FILTERS),
        Collection(products, product.FILTERS),
        {one: Book(world, person, one, href) for one, person in held.items()},
    )


def party_id(world: World, person: Person) -> str:
    """The id of a person's individual: it says nothing about them."""
    return f"{salt_of(world.seed, person.id, 'party'):016x}"


def holds(tenant: Tenant, party_id: str) -> Mapping[Category, int]:
    """How many items of each category are left of one person.

    A number is contact data: each product that is a line counts there, beside the individual.
    """
    individual = tenant.individuals.get(party_id)
    products = tenant.products.matching({"relatedParty.id": party_id})
    lines = sum(_specification(found) in _LINES for found in products)
    account = named(individual or {}, "partyCharacteristic", "bankAccount")
    return {
        Category.CONTACT: (individual is not None) + lines,
        Category.FINANCIAL: int(bool(account)),
        **{
            category: sum(_count(found, name) for found in products)
            for name, category in _IN_CHARACTERISTICS.items()
        },
        **{
            category: len(tenant.books[party_id].shelves[kind])
            for kind, category in _IN_BOOKS.items()
        },
    }


def _specification(found: Resource) -> str:
    """Empty for a product that came without one."""
    about = found.get("productSpecification")
    return str(about.get("id", "")) if isinstance(about, dict) else ""


def _count(found: Resource, name: str) -> int:
    value = named(found, "productCharacteristic", name)
    return len(value) if isinstance(value, list) else int(bool(value))
