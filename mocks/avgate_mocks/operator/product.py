"""Services as TMF637 products; what the core network knows of them stands in characteristics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

from avgate_contracts.vocabulary import Product
from avgate_mocks.operator.shape import Resource, characteristics, day, individual, place
from avgate_mocks.people import Line, Period, Person

PATH = "/productInventory/v4/product"
# What PATCH may name: TMF637's Product_Update without the specification and whose it is.
CHANGEABLE = frozenset({
    "description", "isBundle", "isCustomerVisible", "name", "orderDate", "productSerialNumber",
    "randomAtt", "startDate", "terminationDate", "agreement", "billingAccount", "place", "product",
    "productCharacteristic", "productOffering", "productOrderItem", "productPrice",
    "productRelationship", "productTerm", "realizingResource", "realizingService", "status",
})  # fmt: skip
# What a new one may name besides, and nothing changes later.
FIXED = frozenset({"productSpecification", "relatedParty"})
FILTERS = frozenset({
    "id", "name", "status", "relatedParty.id", "productSpecification.id",
    "productCharacteristic.name", "productCharacteristic.value",
})  # fmt: skip
_NAMES: Mapping[Product, tuple[str, ...]] = {
    Product.VOICE: ("Managed Voice", "Voice Select", "Voice Connect"),
    Product.MOBILE: ("Managed Mobile", "Voiceworks Mobile", "Mobile Connect"),
    Product.WAN: ("KPN", "Eurofiber", "Ziggo", "Generic Fto"),
    Product.WEBSHOP: ("Webshop",),
    Product.CONTACT_CONNECT: ("Contact Connect",),
}
_ENDED = frozenset({"terminated", "cancelled", "aborted "})  # the space is TM Forum's


def is_ended(product: Resource) -> bool:
    return product.get("status") in _ENDED


def products_of(person: Person, party_id: str, href: Callable[[str, str], str]) -> list[Resource]:
    """One product for each line and each other service; `href` gives a path and an id an address."""
    rng = Random(f"{person.id}/{person.iban}/products")
    party = individual(party_id, href("/party/v4/individual", party_id), "user")
    held = [*_of_lines(person, rng), *_of_services(person, rng)]
    return [
        {
            "id": (product_id := f"{party_id}-p{nth}"),
            "href": href(PATH, product_id),
            **_frame(group, rng, period),
            "relatedParty": [party],
            "productCharacteristic": characteristics(values),
        }
        for nth, (group, period, values) in enumerate(held, 1)
    ]


_Held = tuple[Product, Period, Mapping[str, object]]


def _frame(group: Product, rng: Random, period: Period) -> Resource:
    name = rng.choice(_NAMES[group])
    ended = {} if period.end is None else {"terminationDate": day(period.end)}
    return {
        "name": name,
        "isCustomerVisible": True,
        "status": "active" if period.end is None else "terminated",
        "startDate": day(period.start),
        **ended,
        "productSpecification": {"id": group.value, "name": group.value},
        "productOffering": {"id": name.lower().replace(" ", "-"), "name": name},
    }


def _of_lines(person: Person, rng: Random) -> Iterator[_Held]:
    """The Reach configuration and the address book hang on the newest line."""
    *older, newest = person.lines
    for line in older:
        yield line.product, line.held, _line(line)
    own = {"reachConfiguration": _reach(person), "contacts": _contacts(person, rng)}
    yield newest.product, newest.held, {**_line(newest), **own}


def _line(line: Line) -> Mapping[str, object]:
    return {
        "phoneNumber": line.number,
        "extension": line.extension,
        "sipUser": f"sip{line.number[3:]}",
        "iccid": line.iccid,
        "imsi": line.imsi,
    }


def _reach(person: Person) -> Mapping[str, object]:
    numbers = [line.number for line in person.lines if line.held == person.lines[-1].held]
    hours = [{"days": "mo-fr", "from": "08:30", "until": "17:30"}]
    return {"numbers": numbers, "hours": hours, "otherwise": "voicemail"}


def _contacts(person: Person, rng: Random) -> list[Mapping[str, str]]:
    return [
        {"name": f"Contact {nth}", "phoneNumber": f"+3185{rng.randint(2_000_000, 9_999_999)}"}
        for nth in range(1, person.volume.contacts + 1)
    ]


def _of_services(person: Person, rng: Random) -> Iterator[_Held]:
    order = f"O-{rng.randint(100_000, 999_999)}"
    where = dict(place(person.address))
    values: Mapping[Product, Mapping[str, object]] = {
        Product.WAN: {"ipAddress": person.ip, "orderNumber": order, "installationAddress": where},
        Product.WEBSHOP: {"orderNumber": order, "deliveryAddress": where},
        Product.CONTACT_CONNECT: {
            "crmData": {"label": "prospect", "note": "Belt liefst na vijven."}
        },
    }
    for group, own in values.items():
        if group in person.products:
            yield group, person.contract, own
