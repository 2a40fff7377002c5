"""People as TMF632 individuals."""

from __future__ import annotations

from collections.abc import Iterator

from avgate_contracts.vocabulary import Product
from avgate_mocks.operator.shape import Resource, characteristics, place, time_period
from avgate_mocks.people import Line, Person

PATH = "/party/v4/individual"
# What PATCH may name (TMF632, Individual_Update).
CHANGEABLE = frozenset({
    "aristocraticTitle", "birthDate", "countryOfBirth", "deathDate", "familyName",
    "familyNamePrefix", "formattedName", "fullName", "gender", "generation", "givenName",
    "legalName", "location", "maritalStatus", "middleName", "nationality", "placeOfBirth",
    "preferredGivenName", "title", "contactMedium", "creditRating", "disability",
    "externalReference", "individualIdentification", "languageAbility", "otherName",
    "partyCharacteristic", "relatedParty", "skill", "status", "taxExemptionCertificate",
    "@baseType", "@schemaLocation", "@type",
})  # fmt: skip
FILTERS = frozenset({
    "id", "givenName", "familyName", "fullName", "status",
    "contactMedium.characteristic.phoneNumber", "contactMedium.characteristic.emailAddress",
    "contactMedium.characteristic.street1", "contactMedium.characteristic.street2",
    "contactMedium.characteristic.postCode", "contactMedium.characteristic.city",
    "externalReference.name", "externalReference.externalReferenceType",
})  # fmt: skip


def individual_of(person: Person, party_id: str, href: str) -> Resource:
    prefix = {"familyNamePrefix": person.name.prefix} if person.name.prefix else {}
    return with_full_name(
        {
            "id": party_id,
            "href": href,
            "@type": "Individual",
            "givenName": person.name.given,
            **prefix,
            "familyName": person.name.family,
            "gender": person.gender,
            "status": "validated",
            "contactMedium": list(_media(person)),
            "externalReference": [
                {"externalReferenceType": "customerId", "name": person.customer_id}
            ],
            "partyCharacteristic": characteristics({"bankAccount": person.iban}),
        }
    )


def with_full_name(individual: Resource) -> Resource:
    """The full name is never stored: it always follows from its parts."""
    parts = (individual.get(key) for key in ("givenName", "familyNamePrefix", "familyName"))
    full = " ".join(part for part in parts if part)
    rest = {key: value for key, value in individual.items() if key != "fullName"}
    return {**rest, "fullName": full} if full else rest


def _media(person: Person) -> Iterator[Resource]:
    for nth, email in enumerate(person.emails):
        yield {
            "mediumType": "email address",
            "preferred": nth == 0,
            "characteristic": {"emailAddress": email},
        }
    yield from map(_telephone, person.lines)
    yield {"mediumType": "postal address", "characteristic": place(person.address)}


def _telephone(line: Line) -> Resource:
    kind = "mobile" if line.product is Product.MOBILE else "fixed"
    return {
        "mediumType": "telephone number",
        "preferred": False,
        "characteristic": {"phoneNumber": line.number, "contactType": kind},
        "validFor": time_period(line.held),
    }
