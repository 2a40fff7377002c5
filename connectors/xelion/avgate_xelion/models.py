"""What Xelion sends, as it sends it (model.html and the pages it links to)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

import avgate_contracts as sdk
from avgate_xelion.lines import identifier, may_be

MOMENT = "%Y-%m-%d %H:%M:%S"
T = TypeVar("T")


def _utc(moment: datetime) -> datetime:
    """Dates are in UTC and say no zone; some servers write ISO 8601 with one."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_utc), PlainSerializer(lambda m: m.strftime(MOMENT))]
Oid = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
Many = Annotated[list[T], BeforeValidator(lambda sent: [] if sent is None else sent)]
_REF = re.compile(r"([a-z_]+):([0-9]{1,19}):([0-9+]*):([0-9+]*)")
_LINES = "/telecomAddresses"
_PARTS = {
    sdk.Field.NAME_GIVEN: "given_name",
    sdk.Field.NAME_FAMILY: "family_name",
    sdk.Field.NAME_PREFIX: "name_prefix",
    sdk.Field.ADDRESS_STREET: "street",
    sdk.Field.ADDRESS_NUMBER: "street_number",
    sdk.Field.ADDRESS_POSTCODE: "zip_code",
    sdk.Field.ADDRESS_CITY: "city",
}


class Sent(BaseModel):
    """Keeps what it has no name for: the copy that a person gets is whole."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="allow", hide_input_in_errors=True
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"  # nearly everything here is about a person

    def sent(self) -> dict[str, sdk.Json]:
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class LoginAnswer(Sent):
    """Bare, in no envelope (LoginResponse.html)."""

    authentication: str
    renewal_token: str | None = None
    valid_until: Moment | None = None


class ErrorAnswer(Sent):
    """The body of a refusal (common_errors.html)."""

    error_code: int = 0


class One(Sent, Generic[T]):
    """One object in its envelope (RestObject)."""

    object: T


class Paging(Sent):
    next_id: str | None = None


class Meta(Sent):
    paging: Paging = Paging()


class Page(Sent, Generic[T]):
    """A page of a list (RestList): its end is told by an empty page, never by a short one."""

    data: list[One[T]]
    meta: Meta = Meta()

    def rows(self) -> list[T]:
        return [each.object for each in self.data]


class TelecomAddress(Sent):
    """A number or an e-mail address on a card, written as somebody typed it in."""

    oid: Oid
    address: str | None
    last_used_on: Moment | None = None


class DeliveryAddress(Sent):
    oid: Oid
    street: str | None = None
    street_number: str | None = None
    zip_code: str | None = None
    city: str | None = None


class Place(NamedTuple):
    """One value on a card, as it stands there, and the path under which a PATCH reaches it."""

    path: str
    text: str

    @property
    def common(self) -> str:
        """A number or an e-mail address in canonical form, anything else as it stands."""
        found = identifier(self.text) if self.path.startswith(_LINES) else None
        return self.text if found is None else found.value

    def says(self, value: str) -> bool:
        """Whether it is that value, however a number or an e-mail address is written."""
        return self.common == Place(self.path, value).common


class Addressable(Sent):
    """A card, or a bare number that the system made an object of; lists leave out names."""

    oid: Oid
    object_type: str
    given_name: str | None = None
    family_name: str | None = None
    name_prefix: str | None = None
    telecom_addresses: Many[TelecomAddress] = []
    addresses: Many[DeliveryAddress] = []

    @property
    def is_person(self) -> bool:
        return self.object_type == "Person"

    @property
    def mark(self) -> str:
        """Tells whether it is another's by now: by whose name, and how they are reached.

        It stays beside the item in the open, so it is too short for anybody to be found by.
        """
        texts = (line.address for line in self.telecom_addresses)
        lines = sorted(Place(_LINES, text).common for text in texts if text)
        told = [self.oid, self.given_name, self.name_prefix, self.family_name, *lines]
        return sha256(json.dumps(told).encode()).hexdigest()[:4]

    @model_validator(mode="before")
    @classmethod
    def _null_says_nothing(cls, sent: Any) -> Any:
        """Of nobody's numbers, that is: who has none has an empty list of them."""
        is_null = isinstance(sent, dict) and sent.get("telecomAddresses", ()) is None
        return {k: v for k, v in sent.items() if k != "telecomAddresses"} if is_null else sent

    @property
    def says_how_to_reach(self) -> bool:
        """Whether the upstream said so at all, be it that there is no way."""
        return "telecom_addresses" in self.model_fields_set

    def identifiers(self) -> tuple[sdk.Identifier, ...]:
        own = sdk.Identifier.of(sdk.IdentifierKind.XELION_ID, self.oid)
        lines = (identifier(line.address) for line in self.telecom_addresses)
        return (own, *(found for found in lines if found is not None))

    def borne(
        self, by: Iterable[sdk.Identifier], *, in_their_days: bool = False
    ) -> frozenset[sdk.Identifier]:
        """Those of the identifiers that are on the card.

        `in_their_days`: and that were the person's on the day when they were last used. A number
        outlives its holder on a card, and the card has no other date.
        """
        return frozenset(mine for mine in by if self._bears(mine, in_their_days=in_their_days))

    def _bears(self, mine: sdk.Identifier, *, in_their_days: bool) -> bool:
        if mine.kind is sdk.IdentifierKind.XELION_ID:
            return mine.value == self.oid
        for line in self.telecom_addresses:
            if not may_be(line.address, mine):
                continue
            found, last = identifier(line.address), line.last_used_on
            same = found is not None and (found.kind, found.value) == (mine.kind, mine.value)
            if same and (not in_their_days or last is None or mine.covers(sdk.local_day(last))):
                return True
        return False

    def places(self, name: sdk.Field) -> list[Place]:
        """Where a field stands; several e-mail addresses, numbers and homes are usual."""
        part = _PARTS.get(name, "")
        if not self.is_person:
            return []
        if name.startswith("name."):
            return [Place(f"/{to_camel(part)}", getattr(self, part) or "")]
        if name.startswith("address."):
            at = f"/{to_camel(part)}"
            homes = self.addresses
            return [Place(f"/addresses/{h.oid}{at}", getattr(h, part) or "") for h in homes]
        return [
            Place(f"{_LINES}/{line.oid}/address", line.address or "")
            for line in self.telecom_addresses
            if (found := identifier(line.address)) is not None and found.kind.value == name.value
        ]

    @property
    def fields(self) -> dict[sdk.Field, tuple[str, ...]]:
        """The rectifiable values, one for each place; an empty one can be filled in."""
        each = {name: self.places(name) for name in sdk.Field}
        return {name: tuple(p.text for p in places) for name, places in each.items() if places}


class Link(Sent):
    """Another object, as far as a reference tells."""

    oid: Oid


class Ref(NamedTuple):
    """How a card or a communication is named in an item's `ref`, to be found without the subject.

    `addressables` are the objects that a call led to when it was found; `ends` are the person's own
    entries among its participants, which stay when those objects are deleted.
    """

    kind: sdk.Category
    oid: str
    addressables: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()

    @classmethod
    def read(cls, ref: str) -> Ref:
        """Raises ValueError for a ref that this connector did not make."""
        found = _REF.fullmatch(ref)
        if found is None:
            raise ValueError("the ref is not one of this connector's")
        kind, oid, addressables, ends = found.groups()
        return cls(sdk.Category(kind), oid, _oids(addressables), _oids(ends))

    def __str__(self) -> str:
        led_to, ends = ("+".join(sorted(oids)) for oids in (self.addressables, self.ends))
        return f"{self.kind}:{self.oid}:{led_to}:{ends}"


def _oids(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split("+")))
