"""Reads XML that others wrote: nothing in it is fetched, expanded or nested without end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, ValidationError

from avgate_contracts import ContractBrokenError

_T = TypeVar("_T", bound=BaseModel)
_DEEPEST = 12  # elements inside one another; no answer has more than eight
_LISTS = frozenset({"Listings", "Publications", "DldaTnGroups", "TelephoneNumbers", "ErrorList"})


def parsed(body: bytes, tag: str, shape: type[_T]) -> _T:
    """The answer in a body whose root element is `tag`; raises ContractBrokenError."""
    root = _root(body)
    if root is None or root.tag != tag:
        raise ContractBrokenError(f"the directory's answer is not XML with the root {tag}")
    try:
        return shape.model_validate(_tree(root, _DEEPEST))
    except ValidationError as error:
        kinds = ", ".join(sorted({detail["type"] for detail in error.errors()})[:10])
    raise ContractBrokenError(f"the directory's {tag} has another shape: {kinds}")


def says(body: bytes, tag: str) -> bool:
    """Whether it is XML whose root element is `tag`."""
    root = _root(body)
    return root is not None and root.tag == tag


def _root(body: bytes) -> Element | None:
    # What these errors say may quote the body: they must not be the context of what is raised.
    with suppress(ParseError, DefusedXmlException, ValueError, LookupError):
        root: Element = fromstring(body, forbid_dtd=True)
        return root
    return None


def _tree(element: Element, depth: int) -> Any:
    """Text, a list, or a dict by tag in which elements without content are left out."""
    if not depth:
        raise ContractBrokenError("the directory's answer has more levels than any it documents")
    if element.tag in _LISTS:
        return [_tree(child, depth - 1) for child in element]
    if len(element) == 0:
        return (element.text or "").strip()
    values = [(child.tag, _tree(child, depth - 1)) for child in element]
    filled = [(tag, value) for tag, value in values if value != ""]
    if len(dict(filled)) != len(filled) and element.tag != "ListOrderIdUserIdDate":
        raise ContractBrokenError("the directory's answer says one thing twice")
    return dict(filled)
