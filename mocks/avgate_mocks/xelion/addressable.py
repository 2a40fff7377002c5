"""The objects of an address book, in the shape in which Xelion shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from avgate_contracts.vocabulary import Product
from avgate_mocks.people import Person
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.patch import Patchable
from avgate_mocks.xelion.scalar import stored, written

KINDS = frozenset({"Person", "Organisation", "X1Object", "UnknownAddressable"})
_NAMES = ("givenName", "namePrefix", "familyName")
_PREFIXES = frozenset({"van", "de", "der", "den", "ter", "ten", "het", "in", "'t", "te"})

_TELECOM = frozenset(
    {"address", "addressType", "label", "orderNumber", "lastUsedOn", "commonName", "objectType"}
)
PATCHABLE = Patchable(
    attributes=frozenset(
        {
            *_NAMES,
            *("nameSuffix", "additionalName", "initials", "title", "gender", "dateOfBirth"),
            *("communicationLanguage", "comment", "iconId"),
            *("name", "fieldOfBusiness", "btwNumber", "kvkNumber"),
        }
    ),
    relations={
        "telecomAddresses": _TELECOM,
        "addresses": frozenset(
            {"street", "streetNumber", "zipCode", "city", "state", "country", "addressType"}
            | {"additionalInformation", "comments", "objectType"}
        ),
        "employments": frozenset({"jobTitle", "departmentName", "orderNumber", "organisation"}),
    },
    related={"employments": "organisation"},
)

_OWN: Mapping[str, JsonObject] = {
    "Person": {
        **dict.fromkeys((*_NAMES, "nameSuffix", "additionalName", "initials", "title"), ""),
        "gender": None,
        "dateOfBirth": None,
        "communicationLanguage": "natDutch",
        "employments": [],
        "addresses": [],
    },
    "Organisation": {
        **dict.fromkeys(("name", "fieldOfBusiness", "btwNumber", "kvkNumber"), ""),
        "addresses": [],
    },
}
_EMPTY: Mapping[str, JsonObject] = {
    "telecomAddresses": {
        "objectType": "TelecomAddress",
        "address": "",
        "addressType": "Telephone",
        "label": "",
        "orderNumber": 0,
        "lastUsedOn": None,
    },
    "addresses": {
        "objectType": "DeliveryAddress",
        **dict.fromkeys(("street", "streetNumber", "zipCode", "city", "state", "country"), ""),
        **dict.fromkeys(("additionalInformation", "comments", "addressType"), ""),
    },
    "employments": {
        "objectType": "Employment",
        "orderNumber": 0,
        "jobTitle": "",
        "departmentName": "",
        "organisation": None,
        "telecomAddresses": [],
    },
}


@dataclass(slots=True)
class Addressable:
    """One object; `owner` is the id of the invented person whose data it is, if anyone's."""

    content: JsonObject
    owner: str | None

    @property
    def oid(self) -> str:
        return str(self.content["oid"])

    @property
    def removable(self) -> bool:
        return bool(self.content["permissions"] == "ReadWriteRemove")


def entity(oid: str, kind: str, *, removable: bool = True) -> JsonObject:
    return {
        "oid": oid,
        "objectType": kind,
        "commonName": "",
        "comment": "",
        "iconId": None,
        "permissions": "ReadWriteRemove" if removable else "ReadWrite",
        "x1syncsource": None,
        "telecomAddresses": [],
    }


def blank(oid: str, kind: str) -> JsonObject:
    """An object of a kind with every attribute that it has, and nothing in them."""
    return {**entity(oid, kind), **_OWN.get(kind, {})}


def person(one: Person, numbers: Sequence[tuple[str, datetime | None]], oid: str) -> JsonObject:
    """A contact card; `numbers` are those on it, each with the moment it was used last."""
    content = {
        **blank(oid, "Person"),
        "givenName": one.name.given,
        "namePrefix": one.name.prefix,
        "familyName": one.name.family,
        "initials": initials(one.name.given),
        "gender": one.gender,
        "telecomAddresses": _telecom_addresses(one, numbers),
        "addresses": [_home(one)],
    }
    return named(stored(content))


def _telecom_addresses(
    one: Person, numbers: Sequence[tuple[str, datetime | None]]
) -> list[JsonObject]:
    mobiles = {line.number for line in one.lines if line.product is Product.MOBILE}
    first = 40_000_000 + one.position * 20
    phones = [
        telecom_address(
            str(first + place),
            _as_people_write_it(number, one.position),
            "Mobile" if number in mobiles else "Telephone",
            last,
            order=place,
        )
        for place, (number, last) in enumerate(numbers)
    ]
    emails = [
        telecom_address(str(first + 10 + place), email.capitalize(), "Email", None, order=place)
        for place, email in enumerate(one.emails, len(phones))
    ]
    return [*phones, *emails]


def telecom_address(
    oid: str, address: str, kind: str, last_used: datetime | None, *, order: int = 0
) -> JsonObject:
    return {
        "oid": oid,
        "objectType": "TelecomAddress",
        "commonName": address,
        "address": address,
        "addressType": kind,
        "label": "",
        "orderNumber": order,
        "lastUsedOn": None if last_used is None else written(last_used),
    }


def _as_people_write_it(number: str, position: int) -> str:
    """Address books are typed in by hand: each person's numbers are written another way."""
    national = number.removeprefix("+31")
    ways: Sequence[Callable[[str], str]] = (
        lambda n: f"+31{n}",
        lambda n: f"0{n[:2]}-{n[2:]}",
        lambda n: f"0031 {n[:2]} {n[2:]}",
        lambda n: f"0{n}",
    )
    return ways[position % len(ways)](national)


def _home(one: Person) -> JsonObject:
    return {
        "oid": str(60_000_000 + one.position),
        "objectType": "DeliveryAddress",
        "street": one.address.street,
        "streetNumber": one.address.number,
        "zipCode": one.address.postcode,
        "city": one.address.city,
        "state": "",
        "country": "NL",
        "additionalInformation": "",
        "comments": "",
        "addressType": "Home",
    }


def unknown(oid: str, number: str, last_used: datetime | None, *, removable: bool) -> JsonObject:
    """What the system makes by itself for a number that is on no card."""
    line = telecom_address(str(50_000_000 + int(oid)), number, "Telephone", last_used)
    content = entity(oid, "UnknownAddressable", removable=removable)
    return named({**content, "telecomAddresses": [line]})


def organisation(oid: str, name: str, number: str) -> JsonObject:
    line = telecom_address(str(50_000_000 + int(oid)), number, "Telephone", None)
    return named({**blank(oid, "Organisation"), "name": name, "telecomAddresses": [line]})


def changed(before: JsonObject, after: JsonObject) -> JsonObject:
    """As it stands after a change, with everything that the server derives.

    Initials follow the given name as long as nobody has written others.
    """
    was, now = (initials(str(one.get("givenName") or "")) for one in (before, after))
    follows = "initials" in after and after["initials"] == before.get("initials") == was
    return named({**after, "initials": now} if follows else after)


def initials(given_name: str) -> str:
    return f"{given_name[0]}." if given_name else ""


def named(content: JsonObject) -> JsonObject:
    """With every `commonName` derived, as the server does after every change.

    That of the object comes from its names, that of each way to reach it from the address.
    """
    if content["objectType"] == "Person":
        names = (content.get(part) for part in _NAMES)
        common = " ".join(str(name) for name in names if name)
    elif content["objectType"] == "UnknownAddressable":
        common = "".join(str(line.get("address") or "") for line in content["telecomAddresses"][:1])
    else:
        common = str(content.get("name") or "")
    reached = [
        {**line, "commonName": line.get("address") or ""} for line in content["telecomAddresses"]
    ]
    return _complete({**content, "commonName": common, "telecomAddresses": reached})


def _complete(content: JsonObject) -> JsonObject:
    """With every attribute of its relations, of which whoever adds one names but a few."""
    whole = {
        name: [
            {**empty, "orderNumber": place, **entry}
            if "orderNumber" in empty
            else {**empty, **entry}
            for place, entry in enumerate(content[name])
        ]
        for name, empty in _EMPTY.items()
        if content.get(name)
    }
    return {**content, **whole}


def split_name(content: JsonObject) -> JsonObject:
    """A whole name given as `familyName` is taken apart (addressables_add.html)."""
    words = str(content.get("familyName") or "").split()
    if content.get("givenName") or len(words) < 2:
        return content
    given, *rest = words
    here = next((i for i, word in enumerate(rest) if word.lower() not in _PREFIXES), 0)
    return {
        **content,
        "givenName": given,
        "namePrefix": " ".join(rest[:here]),
        "familyName": " ".join(rest[here:]),
    }
