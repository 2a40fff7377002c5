"""Bodies of every kind taken apart into leaves, changed, and put together again."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from avgate_contracts.kit.pattern import is_plain_name
from avgate_contracts.kit.query import changed_pairs

Place: TypeAlias = tuple[str, ...]  # names of members, without positions in lists
Leaf: TypeAlias = "str | int | float | bool | None"
Change: TypeAlias = Callable[[Place, Leaf], Leaf]

_PEM = re.compile(
    rb"\s*(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
)
_PAGE = re.compile(r"\s*<(?:!doctype html|html)", re.IGNORECASE)
_FORM = re.compile(r"[\w.~%*-]+=[^\s&=]*(?:&[\w.~%*-]+=[^\s&=]*)*")
_OPENS = ("ey", "ew", "W3", "Wy", "W1")  # Base64 of an object or a list
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)")
_NAMESPACE = re.compile(r"\{[^}]*\}")


class Kind(StrEnum):
    """What a body is, by what is in it more than by what it is said to be."""

    EMPTY = "empty"
    JSON = "json"
    XML = "xml"
    FORM = "form"
    PAGE = "page"
    CERTIFICATE = "certificate"
    TEXT = "text"
    BINARY = "binary"


def kind_of(body: bytes, media_type: str) -> Kind:
    """The kind of a body; what cannot be read as anything is BINARY."""
    text = _text(body)
    if text is None or "\0" in text:
        return Kind.BINARY
    is_form = "form-urlencoded" in media_type or (not media_type and _FORM.fullmatch(text))
    known = {
        Kind.EMPTY: not body,
        Kind.FORM: is_form,
        Kind.JSON: parsed(body) is not None or text.strip() == "null",
        Kind.CERTIFICATE: _PEM.fullmatch(body),
        Kind.PAGE: "html" in media_type or _PAGE.match(text),
        Kind.XML: text.lstrip().startswith("<") and element(body) is not None,
        Kind.BINARY: "multipart/" in media_type,
    }
    return next((kind for kind, fits in known.items() if fits), Kind.TEXT)


def parsed(body: bytes | str) -> Any:
    """The JSON in it; None if there is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None


def element(body: bytes) -> Element | None:
    """The XML in it; None if there is none, or none that is safe to read."""
    with suppress(ParseError, DefusedXmlException, ValueError):
        root: Element = fromstring(body)
        return root
    return None


def in_utf8(body: bytes, media_type: str) -> bytes:
    """A text in another encoding that it or its media type names, in UTF-8."""
    if _text(body) is not None:
        return body
    root = element(body) if body.lstrip().startswith(b"<?xml") else None
    if root is not None:
        return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
    named = _CHARSET.search(media_type)
    if named is not None:
        with suppress(ValueError, LookupError):
            return body.decode(named[1]).encode()
    return body


def changed(body: bytes, media_type: str, change: Change) -> bytes:
    """The body with every leaf changed; the same bytes if none was.

    A page and what is not text has no leaves: it comes back as it is.
    """
    match kind_of(body, media_type):
        case Kind.JSON:
            return _json(body, change)
        case Kind.XML:
            return _xml(body, change)
        case Kind.FORM:
            return _form(body.decode(), change).encode()
        case Kind.TEXT:
            return _lines(body.decode(), media_type, change).encode()
        case _:
            return body


def inner(text: str) -> tuple[Any, bool] | None:
    """JSON inside a text, and whether it is there in Base64; None if there is none."""
    if text[:1] in {"{", "["}:
        value = parsed(text)
        return (value, False) if isinstance(value, dict | list) else None
    if len(text) < 16 or not text.startswith(_OPENS):
        return None
    with suppress(ValueError):
        value = parsed(b64decode(text, validate=True))
        return (value, True) if isinstance(value, dict | list) else None
    return None


def unfolded(text: str, change: Callable[[Any], Any]) -> str | None:
    """The same text with JSON inside it changed; None if there is none."""
    found = inner(text)
    if found is None:
        return None
    value, coded = found
    new = change(value)
    if _same(new, value):
        return text
    return b64encode(_dumped(new).encode()).decode() if coded else _dumped(new)


def walked(value: Any, change: Change, place: Place = ()) -> Any:
    """A JSON value with every leaf changed, and every name that is not a plain one."""
    if isinstance(value, dict):
        return {_name(k, change): walked(v, change, (*place, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [walked(each, change, place) for each in value]
    if isinstance(value, str):
        folded = unfolded(value, lambda found: walked(found, change, place))
        return change(place, value) if folded is None else folded
    return change(place, value)


def local(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return _NAMESPACE.sub("", tag)


def leaves(body: bytes, media_type: str) -> Iterator[tuple[Place, Leaf]]:
    """Every leaf and where it stands."""
    found: list[tuple[Place, Leaf]] = []

    def noted(place: Place, leaf: Leaf) -> Leaf:
        found.append((place, leaf))
        return leaf

    changed(body, media_type, noted)
    return iter(found)


def _text(body: bytes) -> str | None:
    with suppress(ValueError):
        return body.decode()
    return None


def _name(name: str, change: Change) -> str:
    return name if is_plain_name(name) else str(change((), name))


def _json(body: bytes, change: Change) -> bytes:
    value = parsed(body)
    new = walked(value, change)
    return body if _same(new, value) else _dumped(new).encode()


def _same(one: Any, other: Any) -> bool:
    return _dumped(one) == _dumped(other)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _xml(body: bytes, change: Change) -> bytes:
    root = element(body)
    if root is None:
        return body
    before = tostring(root)
    _change_element(root, change, (local(root.tag),))
    same = tostring(root) == before
    return body if same else tostring(root, encoding="utf-8", xml_declaration=True)


def _change_element(node: Element, change: Change, place: Place) -> None:
    for name, value in node.attrib.items():
        node.set(name, str(change((*place, local(name)), value)))
    if node.text and node.text.strip():
        node.text = str(change(place, node.text))
    for child in node:
        _change_element(child, change, (*place, local(child.tag)))
        if child.tail and child.tail.strip():
            child.tail = str(change(place, child.tail))


def _form(text: str, change: Change) -> str:
    return changed_pairs(
        text, lambda name, value: (_name(name, change), str(walked(value, change, (name,))))
    )


def _lines(text: str, media_type: str, change: Change) -> str:
    """Line by line, for each may be JSON; the first of a CSV is its heading."""
    lines = text.splitlines(keepends=True)
    heading = 1 if "csv" in media_type else 0
    return "".join(lines[:heading] + [_line(line, change) for line in lines[heading:]])


def _line(line: str, change: Change) -> str:
    folded = unfolded(line.strip(), lambda found: walked(found, change))
    return str(change((), line)) if folded is None else line.replace(line.strip(), folded)
