"""Reads the XML of an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from avgate_mocks.directory.content import (
    ADDRESS_ELEMENTS,
    NAME_ELEMENTS,
    Content,
    ListingType,
    SubscriberType,
)
from avgate_mocks.directory.markup import NotXmlError, parsed, text_of
from avgate_mocks.directory.order import Draft, Flaw, Group, OrderRefusedError


def draft_of(body: bytes) -> Draft:
    """The order in a body; raises OrderRefusedError with the documented codes."""
    try:
        root = parsed(body)
    except NotXmlError:
        raise _rejected("a body that is not XML") from None
    if root.tag != "DldaOrder":
        raise _rejected("a body that is not a DldaOrder")
    _refuse_deletion(root)
    groups = tuple(_group(element) for element in root.iterfind("DldaTnGroups/DldaTnGroup"))
    draft = Draft(text_of(root, "CustomerOrderId"), groups)
    if not any(draft.numbers):
        raise OrderRefusedError(Flaw(16104))
    return draft


def _rejected(reason: str) -> OrderRefusedError:
    return OrderRefusedError(Flaw(16115, reason))


def _refuse_deletion(root: Element) -> None:
    wanted = text_of(root, "DeleteDldaTnGroups")
    if wanted not in ("", "true", "false"):
        raise OrderRefusedError(Flaw(16112))
    if wanted == "true":
        raise OrderRefusedError(Flaw(16113))


def _group(element: Element) -> Group:
    numbers = (e.text or "" for e in element.iterfind("TelephoneNumbers/TelephoneNumber"))
    return Group(tuple(n.strip() for n in numbers if n.strip()), _content(element))


def _content(element: Element) -> Content:
    return Content(
        subscriber=_subscriber(text_of(element, "SubscriberType")),
        listing=_listing(text_of(element, "ListingType")),
        name=_part(element.find("ListingName"), NAME_ELEMENTS, ("LastName",)),
        list_address=_truth(text_of(element, "ListAddress")),
        address=_address(element.find("Address")),
    )


def _subscriber(word: str) -> SubscriberType:
    try:
        return SubscriberType(word)
    except ValueError:
        raise OrderRefusedError(Flaw(16109)) from None


def _listing(word: str) -> ListingType:
    try:
        return ListingType(word)
    except ValueError:
        raise OrderRefusedError(Flaw(16110)) from None


def _truth(word: str) -> bool:
    if word not in ("true", "false"):
        raise _rejected("ListAddress being neither true nor false")
    return word == "true"


def _address(element: Element | None) -> Mapping[str, str]:
    address = _part(element, ADDRESS_ELEMENTS, ("City", "Zip"))
    if "StateCode" in address:  # the Netherlands have none
        raise OrderRefusedError(Flaw(16114))
    return {**address, "Country": "NL", "AddressType": "Dlda"}


def _part(
    element: Element | None, allowed: Sequence[str], required: Sequence[str]
) -> Mapping[str, str]:
    children = element if element is not None else ()
    given = {child.tag: (child.text or "").strip() for child in children}
    if strange := sorted(given.keys() - set(allowed)):
        raise _rejected(f"an element it does not know: {strange[0]}")
    for name in required:
        if not given.get(name):
            raise _rejected(f"{name} being required")
    return {name: given[name] for name in allowed if given.get(name)}
