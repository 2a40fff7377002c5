"""What the directory sends, read from XML, and what it says of a number in our own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, Self, TypeAlias

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    field_validator,
    model_validator,
)
from pydantic import Field as Sent
from pydantic.alias_generators import to_pascal

from avgate_contracts import Field

_ORDER_ID = re.compile(r"\border\s+([A-Za-z0-9\-]{8,64})")
# Elements that orders and answers spell in different ways, or that nobody reads.
_INCOMPARABLE = frozenset({"AddressType", "Country", "County", "PlusFour"})
_NAME = {
    Field.NAME_GIVEN: "FirstName",
    Field.NAME_PREFIX: "LastNamePrefix",
    Field.NAME_FAMILY: "LastName",
}
_ADDRESS = {
    Field.ADDRESS_STREET: "StreetName",
    Field.ADDRESS_POSTCODE: "Zip",
    Field.ADDRESS_CITY: "City",
}
FIELDS = frozenset({*_NAME, *_ADDRESS, Field.ADDRESS_NUMBER})


# Bandwidth api-docs: managingLineFeatures, "DLDA Fields", and numbers_v2.yml.
ListingType: TypeAlias = Literal["LISTED", "NON_LISTED", "NON_PUBLISHED"]
State: TypeAlias = Literal["RECEIVED", "PROCESSING", "COMPLETE", "PARTIAL", "FAILED", "CANCELLED"]


class _Element(BaseModel):
    """Part of an answer; its values show in no repr, so in no log."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_pascal, populate_by_name=True, hide_input_in_errors=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Content(_Element):
    """What is said of a number; names and addresses are kept in the elements they came in."""

    # Orders are answered with AccountType RESIDENCE, numbers with SubscriberType RESIDENTIAL.
    subscriber: Literal["RESIDENTIAL", "BUSINESS"] = Sent(
        validation_alias=AliasChoices("SubscriberType", "AccountType")
    )
    listing_type: ListingType
    listing_name: dict[str, str]
    list_address: bool
    address: dict[str, str]

    @field_validator("subscriber", mode="before")
    @classmethod
    def _residential(cls, word: object) -> object:
        return "RESIDENTIAL" if word == "RESIDENCE" else word

    @model_validator(mode="after")
    def _says_who_and_where(self) -> Self:
        """With the elements that the "DLDA Fields" require; `StateCode` is not of the Dutch profile."""
        if "LastName" not in self.listing_name or not {"City", "Zip"} <= self.address.keys():
            raise ValueError("a listing without a name, a town or a postcode")
        return self

    @property
    def fields(self) -> dict[Field, str]:
        """The rectifiable values under their common names."""
        found = {name: self.listing_name.get(tag, "") for name, tag in _NAME.items()}
        found |= {name: self.address.get(tag, "") for name, tag in _ADDRESS.items()}
        found[Field.ADDRESS_NUMBER] = _joined(self.address)
        return {name: value for name, value in found.items() if value}

    @property
    def name_address(self) -> str:
        """Name and address on one line: "Anna van der Meer, Dorpsstraat 12-A, 1234 AB Arnhem"."""
        lines = (
            _NAME,
            (Field.ADDRESS_STREET, Field.ADDRESS_NUMBER),
            (Field.ADDRESS_POSTCODE, Field.ADDRESS_CITY),
        )
        parts = (" ".join(self.fields.get(name, "") for name in line) for line in lines)
        return ", ".join(part for part in parts if part.strip())

    def with_values(self, values: Mapping[Field, str]) -> Content:
        name = self.listing_name | {_NAME[f]: v for f, v in values.items() if f in _NAME}
        address = self.address | {_ADDRESS[f]: v for f, v in values.items() if f in _ADDRESS}
        if Field.ADDRESS_NUMBER in values:
            address |= _split(values[Field.ADDRESS_NUMBER])
        return self.model_copy(update={"listing_name": _filled(name), "address": _filled(address)})

    def delisted(self) -> Content:
        """The same, to appear nowhere; name and town stay, for an order must have them."""
        return self.model_copy(update={"listing_type": "NON_PUBLISHED", "list_address": False})

    @property
    def is_delisted(self) -> bool:
        return self.listing_type == "NON_PUBLISHED"

    def does(self, other: Content) -> bool:
        """Whether this is as good as the other: all delistings are alike."""
        same = self.looks_like(other) and self.list_address == other.list_address
        return same or (self.is_delisted and other.is_delisted)

    def looks_like(self, other: Content) -> bool:
        """Whether a reader sees the same: addresses count only where both show them."""
        if self.listing_type != other.listing_type:
            return False
        shown = self.list_address and other.list_address
        same_address = _comparable(self.address) == _comparable(other.address)
        same_name = _comparable(self.listing_name) == _comparable(other.listing_name)
        return same_name and (same_address or not shown)


class Publication(_Element):
    """What one directory shows: of the Dutch profile.

    `effective_until` is when it, or the edition that replaces it, will show something else; only
    printed ones have an edition.
    """

    publication_id: str
    kind: Literal["online", "print"]
    status: Literal["LISTED", "ABSENT"]
    listed: Content | None = None
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None
    edition_id: str | None = None
    edition_state: str | None = None
    editorial_close_date: AwareDatetime | None = None
    publication_date: AwareDatetime | None = None

    @model_validator(mode="after")
    def _says_what_is_listed(self) -> Self:
        if (self.status == "LISTED") != (self.listed is not None):
            raise ValueError("a listed publication says what it lists")
        edition = (self.edition_id, self.edition_state)
        dates = (self.editorial_close_date, self.publication_date)
        if self.kind == "print" and None in (*edition, *dates):
            raise ValueError("a printed publication says which edition it is, and its dates")
        return self


class Listing(_Element):
    """Where one number appears for as long as it has one holder: of the Dutch profile."""

    listing_id: str = Sent(pattern="^[^/]+$")  # what parts it from a publication's in a ref
    telephone_number: str
    held_since: date | None = None
    registered_at: AwareDatetime
    registered: Content
    publications: tuple[Publication, ...] = Sent(min_length=1)  # one in which it is absent says so

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        """Else one of two would be taken for both."""
        if len({each.publication_id for each in self.publications}) < len(self.publications):
            raise ValueError("two publications have one name")
        return self

    def publication(self, publication_id: str) -> Publication | None:
        return next((p for p in self.publications if p.publication_id == publication_id), None)

    def content(self, publication: Publication) -> Content | None:
        """What it shows, or is to show from a day that is known: a feed lists a number hours before."""
        everywhere = self.registered.listing_type == "LISTED"
        appears = everywhere or (publication.kind == "online" and not self.registered.is_delisted)
        is_to_come = publication.effective_until and appears
        return publication.listed or (self.registered if is_to_come else None)


class OrderError(_Element):
    """A code from 16100 to 16116, and the number it is about, if it is about one."""

    code: int
    description: str = ""
    telephone_number: str = ""

    @property
    def order_id(self) -> str | None:
        """The order that the description of 16103 names."""
        named = _ORDER_ID.search(self.description)
        return named[1] if named else None


class _Group(Content):
    telephone_numbers: tuple[str, ...]


class Order(_Element):
    order_id: str
    processing_status: State
    dlda_tn_groups: tuple[_Group, ...]
    error_list: tuple[OrderError, ...] = ()

    @property
    def under_way(self) -> bool:
        return self.processing_status in ("RECEIVED", "PROCESSING")

    def wanted(self, number: str) -> Content | None:
        """What is to be registered for a number."""
        return next((g for g in self.dlda_tn_groups if number in g.telephone_numbers), None)

    def error_of(self, number: str) -> OrderError | None:
        return next((e for e in self.error_list if e.telephone_number in (number, "")), None)


class Registered(_Element):
    """What is registered for a number, or else a link to the order that is to change it."""

    status: str = ""
    link: str = ""
    content: Content | None = None

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        has_content = isinstance(data, dict) and "ListingType" in data
        return {**data, "Content": data} if has_content else data

    @property
    def order_id(self) -> str | None:
        return self.link.rstrip("/").rpartition("/")[2] or None


class ListingsAnswer(_Element):
    total_count: int
    listings: tuple[Listing, ...]


class OrderAnswer(_Element):
    dlda_order: Order


class RefusalAnswer(_Element):
    error_list: tuple[OrderError, ...] = Sent(min_length=1)


class _Features(_Element):
    dlda: Registered = Registered()


class _NumberDetails(_Element):
    full_number: str
    features: _Features = _Features()


class NumberAnswer(_Element):
    telephone_number_details: _NumberDetails


class OrderListAnswer(_Element):
    list_order_id_user_id_date: dict[str, Any]


def _joined(address: Mapping[str, str]) -> str:
    """Huisnummer and toevoeging as people write them: "12-A", "12 bis"."""
    number, suffix = address.get("HouseNumber", ""), address.get("HouseSuffix", "")
    return f"{number}-{suffix}" if len(suffix) == 1 else f"{number} {suffix}".strip()


def _split(number: str) -> dict[str, str]:
    digits = re.match(r"[0-9]*", number.strip()).group()  # type: ignore[union-attr]  # fits all
    return {"HouseNumber": digits, "HouseSuffix": number.strip()[len(digits) :].lstrip(" -")}


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {tag: value for tag, value in values.items() if value}


def _comparable(values: Mapping[str, str]) -> Mapping[str, str]:
    pairs = values.items()
    return {tag: " ".join(value.split()) for tag, value in pairs if tag not in _INCOMPARABLE}
