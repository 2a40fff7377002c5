"""What a directory says about one number, in the elements of a DLDA order.

The Dutch profile uses the documented elements where they fit: postcode in `Zip`, huisnummer in
`HouseNumber`, toevoeging in `HouseSuffix`, and `Country` NL instead of a `StateCode`. The one
element it adds is `LastNamePrefix`, for the tussenvoegsel, which DLDA has no place for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from avgate_mocks.directory.markup import Node, nodes
from avgate_mocks.people import Address, Name, Person

NAME_ELEMENTS = (
    "FirstName", "FirstName2", "LastNamePrefix", "LastName", "Designation", "TitleOfLineage",
    "TitleOfAddress", "TitleOfAddress2", "TitleOfLineageName2", "TitleOfAddressName2",
    "TitleOfAddress2Name2", "PlaceListingAs",
)  # fmt: skip
ADDRESS_ELEMENTS = (
    "HousePrefix", "HouseNumber", "HouseSuffix", "PreDirectional", "StreetName", "StreetSuffix",
    "PostDirectional", "AddressLine2", "City", "StateCode", "Zip", "PlusFour", "County", "Country",
    "AddressType",
)  # fmt: skip


class ListingType(StrEnum):
    LISTED = "LISTED"  # online enquiry and the printed book
    NON_LISTED = "NON_LISTED"  # online enquiry only
    NON_PUBLISHED = "NON_PUBLISHED"  # neither


class SubscriberType(StrEnum):
    RESIDENTIAL = "RESIDENTIAL"
    BUSINESS = "BUSINESS"

    @property
    def account_type(self) -> str:
        """The word that answers about orders use instead."""
        return "RESIDENCE" if self is SubscriberType.RESIDENTIAL else "BUSINESS"


@dataclass(frozen=True, slots=True)
class Content:
    subscriber: SubscriberType
    listing: ListingType
    name: Mapping[str, str]
    list_address: bool
    address: Mapping[str, str]

    @property
    def feed_code(self) -> str:
        """The word for it in an operator's feed (CJEU C-129/21): may appear, or confidential."""
        return "XXXXX" if self.listing is ListingType.NON_PUBLISHED else "NNNNN"

    def nodes(self, *, subscriber_type: bool = True) -> tuple[Node, ...]:
        """As in tndetails; answers about orders say AccountType in the place of SubscriberType."""
        kind: Node = ("AccountType", self.subscriber.account_type)
        if subscriber_type:
            kind = ("SubscriberType", self.subscriber.value)
        return (
            kind,
            ("ListingType", self.listing.value),
            ("ListingName", nodes(self.name)),
            ("ListAddress", "true" if self.list_address else "false"),
            ("Address", nodes(self.address)),
        )


def content_of(person: Person, listing: ListingType) -> Content:
    """A person's listing as their operator first supplied it."""
    return Content(
        SubscriberType.RESIDENTIAL, listing, _name(person.name), True, _address(person.address)
    )


def _name(name: Name) -> Mapping[str, str]:
    given = {
        "FirstName": name.given,
        "LastNamePrefix": name.prefix,
        "LastName": name.family,
    }
    return {element: value for element, value in given.items() if value}


def _address(address: Address) -> Mapping[str, str]:
    number, suffix = _split(address.number)
    given = {
        "HouseNumber": number,
        "HouseSuffix": suffix,
        "StreetName": address.street,
        "City": address.city,
        "Zip": address.postcode,
        "Country": "NL",
        "AddressType": "Dlda",
    }
    return {element: value for element, value in given.items() if value}


def _split(number: str) -> tuple[str, str]:
    """Huisnummer and toevoeging: "12-A" is 12 and A, "12 bis" is 12 and bis."""
    digits, suffix = re.fullmatch(r"(\d*)[\s-]*(.*)", number, re.DOTALL).groups()  # type: ignore[union-attr]  # the pattern fits every text
    return digits, suffix
