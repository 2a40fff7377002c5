"""XML in and out: safe reading of what others wrote, and plain writing of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from starlette.responses import Response

Node: TypeAlias = "tuple[str, str | tuple[Node, ...]]"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


class NotXmlError(ValueError):
    """The body is no well-formed XML, or it has a document type or entities of its own."""


def parsed(body: bytes) -> Element:
    """The root element; raises NotXmlError."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise NotXmlError from None
    return root


def text_of(element: Element | None, path: str) -> str:
    """The text at a path, without the white space around it; empty if there is none."""
    found = element.findtext(path) if element is not None else None
    return (found or "").strip()


def nodes(values: Mapping[str, str]) -> tuple[Node, ...]:
    return tuple(values.items())


def xml_response(
    root: Node, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(document(root), status, headers, "application/xml")


def document(root: Node) -> bytes:
    return (_DECLARATION + "".join(_written(root))).encode()


def _written(node: Node) -> Iterator[str]:
    name, content = node
    if not content:
        yield f"<{name}/>"
        return
    yield f"<{name}>"
    if isinstance(content, str):
        yield escape(content, quote=False)
    else:
        for child in content:
            yield from _written(child)
    yield f"</{name}>"
