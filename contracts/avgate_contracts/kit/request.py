"""A request taken apart, so that two can be compared: order, spelling and stand-ins do not count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from avgate_contracts.kit.body import Kind, element, inner, kind_of, local, parsed
from avgate_contracts.kit.disguise import Disguise
from avgate_contracts.kit.fake import is_stand_in
from avgate_contracts.kit.query import pairs

_CACHED = 4096
_CONSTANT = re.compile(r"(?:[A-Za-z][A-Za-z_.-]*|v[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, in stand-ins throughout: what a recording has, and what is asked now.

    `query` and `body` are sorted places with their values; a place is `items[0].name`.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: tuple[tuple[str, str], ...]
    key: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How requests are compared: without what differs each time."""

    volatile: frozenset[str] = frozenset()
    salt: str = ""

    def asked(
        self, method: str, url: str, body: bytes, key: str | None, media_type: str = ""
    ) -> Asked:
        """One request taken apart; the host does not count."""
        return _asked(self, method, url, body, key, media_type)


@lru_cache(maxsize=_CACHED)
def _asked(
    reading: Reading, method: str, url: str, body: bytes, key: str | None, media_type: str
) -> Asked:
    disguise = Disguise(reading.salt)
    parts = urlsplit(url)
    path = "/".join(disguise.data(unquote(each)) for each in parts.path.split("/"))
    query = (
        (name, disguise.data(value))
        for name, value in pairs(parts.query)
        if not _is_volatile((name,), reading.volatile)
    )
    flat = _Flat(disguise, reading.volatile)
    return Asked(
        method.upper(),
        path,
        tuple(sorted(query)),
        tuple(sorted(flat.body(body, media_type))),
        key if key is None else disguise.data(key),
    )


@dataclass(frozen=True, slots=True)
class _Flat:
    disguise: Disguise
    volatile: Collection[str]

    def body(self, body: bytes, media_type: str) -> Iterator[tuple[str, str]]:
        match kind_of(body, media_type):
            case Kind.EMPTY:
                return
            case Kind.JSON:
                yield from self._json(parsed(body), "", ())
            case Kind.XML:
                root = element(body)
                if root is not None:
                    yield from self._xml(root, local(root.tag), (local(root.tag),))
            case Kind.FORM:
                for name, value in pairs(body.decode()):
                    yield from self._json(value, name, (name,))
            case Kind.TEXT | Kind.CERTIFICATE:
                yield "", self.disguise.data(body.decode().strip())
            case kind:
                yield "", kind.value

    def _json(self, value: Any, where: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        if _is_volatile(names, self.volatile):
            return
        folded = inner(value) if isinstance(value, str) else None
        value = value if folded is None else folded[0]
        if isinstance(value, dict) and value:
            for name, each in value.items():
                plain = self.disguise.name(name)
                yield from self._json(each, f"{where}.{plain}".lstrip("."), (*names, name))
        elif isinstance(value, list) and value:
            for position, each in enumerate(value):
                yield from self._json(each, f"{where}[{position}]", names)
        else:
            yield where, self._leaf(value)

    def _xml(self, node: Element, where: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        if _is_volatile(names, self.volatile):
            return
        for name, value in node.attrib.items():
            if not _is_volatile((*names, local(name)), self.volatile):
                yield f"{where}@{local(name)}", self._leaf(value)
        if len(node) == 0 or (node.text or "").strip():
            yield where, self._leaf((node.text or "").strip())
        for position, child in enumerate(node):
            tag = local(child.tag)
            yield from self._xml(child, f"{where}.{tag}[{position}]", (*names, tag))

    def _leaf(self, value: Any) -> str:
        if isinstance(value, str):
            return self.disguise.data(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return f"({self.disguise.data(str(value)) if is_number else value})"


def path_template(url: str) -> str:
    """The path with a star for every segment that may be an id, or stands for a value."""
    return "/".join(map(_segment, urlsplit(url).path.split("/")))


def _segment(text: str) -> str:
    constant = _CONSTANT.fullmatch(text) is not None and not any(
        is_stand_in(word) for word in re.findall("[A-Za-z]+", text)
    )
    return text if constant else "*"


def _is_volatile(names: tuple[str, ...], volatile: Collection[str]) -> bool:
    return any(names[-len(e) :] == e for e in (tuple(entry.split(".")) for entry in volatile))
