"""What the upstream sends, in the shapes of TM Forum, and the patches that change it.

Sources: TMF632, TMF637, TMF635, all 4.0.0; the names of characteristics are our own analogue's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

import pydantic
from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic.alias_generators import to_camel

from avgate_contracts import (
    Category,
    Field,
    Identifier,
    IdentifierKind,
    InvalidIdentifierError,
    local_day,
)
from avgate_contracts import Product as Group

Raw: TypeAlias = dict[str, Any]
T = TypeVar("T")
Many = Annotated[tuple[T, ...], BeforeValidator(lambda value: value or ())]  # null: none
# TMF632 wants an end with every start; that of what runs on is the year 9999.
End = Annotated[AwareDatetime, AfterValidator(lambda end: end if end.year < 9999 else None)]
BANK_ACCOUNT, REACH, CONTACTS, CRM = "bankAccount", "reachConfiguration", "contacts", "crmData"
IDENTIFYING = {
    IdentifierKind.PHONE: "phoneNumber",
    IdentifierKind.ICCID: "iccid",
    IdentifierKind.IMSI: "imsi",
    IdentifierKind.IP: "ipAddress",
}
_LISTS = ("partyCharacteristic", "productCharacteristic", "usageCharacteristic")
LINE = (Category.CONTACT, Group.GENERAL)  # a number is contact data, and what has one is too
_SERVICES = {
    "wan": (Category.CONNECTION_DATA, Group.WAN),
    "webshop": (Category.DELIVERY_ADDRESS, Group.WEBSHOP),
    "contact_connect": (Category.CRM_DATA, Group.CONTACT_CONNECT),
}
PRODUCTS = frozenset(c for c, _ in (LINE, *_SERVICES.values())) - {Category.CRM_DATA}  # a part
_TO_COME = frozenset({"created", "pendingActive"})
_SOUNDS = {"voicemail": Category.VOICEMAIL, "recording": Category.RECORDING}
NAMES = {
    Field.NAME_GIVEN: "givenName",
    Field.NAME_FAMILY: "familyName",
    Field.NAME_PREFIX: "familyNamePrefix",
}
REACHED = {
    Field.EMAIL: "emailAddress", Field.PHONE: "phoneNumber",
    Field.ADDRESS_STREET: "street1", Field.ADDRESS_NUMBER: "street2",
    Field.ADDRESS_POSTCODE: "postCode", Field.ADDRESS_CITY: "city",
}  # fmt: skip
_HOME = frozenset(name for name in REACHED if name.startswith("address."))


class _Part(pydantic.BaseModel):
    """Part of an answer; its values show in no repr, so in no log."""

    model_config = pydantic.ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Named(_Part):
    """A resource, as far as its id or a reference to it tells."""

    id: str


class Party(Named):
    """Whom a resource concerns; a line may name a company beside its user."""

    referred_type: str | None = pydantic.Field(default=None, alias="@referredType")


class Period(_Part):
    start_date_time: AwareDatetime | None = None
    end_date_time: End | None = None

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The first day, and the first day no more; an end at 23:59:59 takes that day along."""
        start, end = self.start_date_time, self.end_date_time
        until = local_day(end + timedelta(minutes=1)) if end else None
        return local_day(start) if start else None, until


class Medium(_Part):
    """One way to reach somebody: a number, an e-mail address or an address."""

    characteristic: Raw
    valid_for: Annotated[Period, BeforeValidator(lambda value: value or {})] = Period()

    def text(self, name: str) -> str:
        return str(self.characteristic.get(name) or "")

    def value(self, name: Field) -> str | None:
        """None where it has no place: a home has one for each part of an address."""
        text = self.text(REACHED[name])
        is_home = name in _HOME and any(self.text(REACHED[part]) for part in _HOME)
        return text if text or is_home else None


def _listed(value: Any) -> Any:
    """Characteristics as they came: none is known but by its name (TMF632, TMF635, TMF637)."""
    told = [each for each in value or () if isinstance(each, dict)]
    if not all(isinstance(each.get("name"), str) and "value" in each for each in told):
        raise ValueError("a characteristic without a name or a value")
    return value or ()


class Resource(Named):
    """Read for what we need of it, and kept whole for whoever asks for a copy."""

    listed_under: ClassVar[str]
    raw: Raw = pydantic.Field(alias="@raw")
    related_party: Many[Party] = ()
    listed: Annotated[tuple[Raw, ...], BeforeValidator(_listed)] = pydantic.Field(
        default=(), validation_alias=pydantic.AliasChoices(*_LISTS)
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _keep(cls, data: Any) -> Any:
        return {**data, "@raw": data} if isinstance(data, dict) else data

    @property
    def parties(self) -> frozenset[str]:
        return frozenset(party.id for party in self.related_party)

    @property
    def people(self) -> frozenset[str]:
        """Those that are individuals; all where none is said to be."""
        found = {p.id for p in self.related_party if p.referred_type in {None, "Individual"}}
        return frozenset(found) or self.parties

    def value(self, name: str) -> Any:
        return next((each.get("value") for each in self.listed if each.get("name") == name), None)

    def entries(self, name: str) -> dict[str, Any]:
        """What is in a list, by a mark that each entry keeps for as long as it is not changed."""
        found = self.value(name)
        entries = found if isinstance(found, list) else [found]
        return {_mark(each): each for each in entries if each}

    def holds(self, name: str, mark: str) -> bool:
        """Whether it has this characteristic, or this entry of it; without a name it is there."""
        return mark in self.entries(name) if mark else not name or bool(self.value(name))

    def without(self, name: str, marks: Collection[str]) -> Raw:
        """The patch that takes out a characteristic or entries of it: lists are replaced whole."""
        others = [each for each in self.listed if each.get("name") != name]
        left = [entry for mark, entry in self.entries(name).items() if mark not in marks]
        if marks and left:
            others.append({"name": name, "valueType": "array", "value": left})
        return {self.listed_under: others}

    def readable(self, *without: str) -> Raw:
        """The whole of it, with characteristics under their names, but for some of them."""
        listed = [each for each in self.listed if each.get("name") not in without]
        named = {str(each.get("name")): each.get("value") for each in listed}
        return {**self.raw, self.listed_under: named if len(named) == len(listed) else listed}


class Individual(Resource):
    """A person (TMF632)."""

    listed_under: ClassVar[str] = _LISTS[0]
    contact_medium: Many[Medium] = ()
    external_reference: Many[Raw] = ()

    @property
    def identifiers(self) -> Iterator[Identifier]:
        for reference in self.external_reference:
            if reference.get("externalReferenceType") == "customerId":
                yield from _identifier(IdentifierKind.CUSTOMER_ID, reference.get("name"))
        for medium in self.contact_medium:
            first, until = medium.valid_for.days
            yield from _identifier(IdentifierKind.EMAIL, medium.text("emailAddress"), None, until)
            yield from _identifier(IdentifierKind.PHONE, medium.text("phoneNumber"), first, until)

    @property
    def fields(self) -> dict[Field, tuple[str, ...]]:
        """The rectifiable values: all numbers, e-mail addresses and homes, ended ones too."""
        found: dict[Field, tuple[str, ...]] = {}
        for name, key in NAMES.items():
            found[name] = (str(self.raw.get(key) or ""),)
        for name in REACHED:
            values = (medium.value(name) for medium in self.contact_medium)
            found[name] = tuple(value for value in values if value is not None)
        listed = (each.get("value") for each in self.listed if each.get("name") == BANK_ACCOUNT)
        found[Field.BANK_ACCOUNT] = tuple(str(value) for value in listed if value)
        # A prefix that is missing can be completed (Art. 16); other empty fields are not kept.
        return {n: held for n, held in found.items() if any(held) or n is Field.NAME_PREFIX}


class Service(Resource):
    """What somebody has or had: a line, a connection (TMF637, Product)."""

    listed_under: ClassVar[str] = _LISTS[1]
    status: str
    start_date: AwareDatetime | None = None
    termination_date: AwareDatetime | None = None
    product_specification: Named

    @property
    def runs(self) -> bool:
        # TMF637 writes "aborted " with a space.
        return self.status.strip() not in {"terminated", "cancelled", "aborted"}

    @property
    def ended_at(self) -> datetime | None:
        return None if self.runs else self.termination_date

    @property
    def was_delivered(self) -> bool:
        """What was ordered and has yet to come, or never came, is in nobody's hands."""
        status = self.status.strip()
        has_ended = status == "terminated" or self.ended_at is not None
        return status not in _TO_COME if self.runs else has_ended

    @property
    def states_days(self) -> bool:
        """Whether it says since when and until when its number is somebody's."""
        return self.was_delivered and (self.runs or self.ended_at is not None)

    @property
    def line(self) -> Group:
        return Group.MOBILE if self.product_specification.id == "mobile" else Group.VOICE

    @property
    def sort(self) -> tuple[Category, Group]:
        return _SERVICES.get(self.product_specification.id, LINE)

    @property
    def identifiers(self) -> Iterator[Identifier]:
        """What it says by itself of whoever has it, in the days it ran."""
        days = Period(start_date_time=self.start_date, end_date_time=self.ended_at).days
        for kind, name in IDENTIFYING.items():
            yield from _identifier(kind, self.value(name), *days)


class Usage(Resource):
    """A call, a session, a voicemail or a recording (TMF635)."""

    listed_under: ClassVar[str] = _LISTS[2]
    runs: ClassVar[bool] = False
    related_party: Many[Party]
    ended_at: AwareDatetime = pydantic.Field(alias="usageDate")
    usage_type: str

    @pydantic.model_validator(mode="after")
    def _has_sound_that_can_be_opened(self) -> Self:
        if isinstance(self.value("audio"), dict | None):
            return self
        raise ValueError("a sound that is described in another way")

    @property
    def sort(self) -> tuple[Category, Group]:
        if self.usage_type == "internet":
            return Category.NETWORK_METADATA, Group.WAN
        is_mobile = self.usage_type == "mobile" or self.value("iccid")
        category = _SOUNDS.get(self.usage_type, Category.COMMUNICATION_METADATA)
        return category, Group.MOBILE if is_mobile else Group.VOICE

    @property
    def media_type(self) -> str | None:
        audio = self.value("audio")  # its sound
        return str(audio.get("mimeType", "audio/x-wav")) if isinstance(audio, dict) else None

    @property
    def disputable_until(self) -> date | None:
        with suppress(ValueError):
            return local_day(datetime.fromisoformat(str(self.value("disputableUntil"))))
        return None


def _identifier(kind: IdentifierKind, value: Any, *days: date | None) -> Iterator[Identifier]:
    """What is no identifier of its kind finds nobody; nor does one that was held no day."""
    with suppress(InvalidIdentifierError):
        yield Identifier.of(kind, str(value or ""), *days)


def _mark(entry: Any) -> str:
    return sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:24]
