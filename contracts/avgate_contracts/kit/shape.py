"""The shape of what an upstream answers: which members, of which types, and what changed in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

from avgate_contracts.kit.body import Kind, element, kind_of, local, parsed
from avgate_contracts.kit.pattern import is_plain_name
from avgate_contracts.kit.request import path_template
from avgate_contracts.kit.tape import Interaction, Tape

Members: TypeAlias = Mapping[str, frozenset[str]]  # the types that were seen at each place
Shape: TypeAlias = Mapping[str, Members]  # by call: `GET /people/* 200`

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two recordings of one upstream; `place` is empty for a whole call."""

    call: str
    place: str
    what: str

    def __str__(self) -> str:
        return (
            f"{self.call}: {self.place} {self.what}" if self.place else f"{self.call}: {self.what}"
        )


def shape_of(*tapes: Tape) -> Shape:
    """What the answers of some recordings look like, together."""
    found: dict[str, dict[str, set[str]]] = {}
    for tape in tapes:
        for one in tape.interactions:
            call = f"{one.method} {path_template(one.url)} {one.status}"
            members = found.setdefault(call, {})
            for place, kind in _members(one):
                members.setdefault(place, set()).add(kind)
    return {
        call: {place: frozenset(kinds) for place, kinds in members.items()}
        for call, members in found.items()
    }


def differences(old: Shape, new: Shape) -> list[Change]:
    """Every member that appeared, vanished or changed its type, and every call that is new or gone.

    What lies in a list that one of the two saw only empty says nothing.
    """
    found = [Change(call, "", "is gone") for call in old if call not in new]
    found += [Change(call, "", "is new") for call in new if call not in old]
    for call in old:
        if call in new:
            found += _changes(call, old[call], new[call])
    return found


def _changes(call: str, old: Members, new: Members) -> Iterator[Change]:
    for place in sorted({*old, *new}):
        if place not in new:
            if _is_known(place, new):
                yield Change(call, place, "vanished")
        elif place not in old:
            if _is_known(place, old):
                yield Change(call, place, f"appeared ({_told(new[place])})")
        elif _other_types(old[place], new[place]):
            yield Change(call, place, f"was {_told(old[place])} and is {_told(new[place])}")


def _is_known(place: str, members: Members) -> bool:
    """Whether each list on the way to it was seen with something in it."""
    parts = place.split("[]")
    above = ["[]".join(parts[:n]) + "[]" for n in range(1, len(parts))]
    seen = [one in members for one in above]
    lists = [one.removesuffix("[]") in members for one in above]
    return all(one or not there for one, there in zip(seen, lists, strict=True))


def _other_types(old: frozenset[str], new: frozenset[str]) -> bool:
    fits = old | {"integer"} if "number" in old else old
    return not new <= fits and old != {"null"}


def _told(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds))


def _members(one: Interaction) -> Iterator[tuple[str, str]]:
    media_type = one.headers.get("content-type", "").lower()
    kind = kind_of(one.body, media_type)
    if kind is Kind.JSON:
        yield from _json("", parsed(one.body))
        return
    root = element(one.body) if kind is Kind.XML else None
    if root is None:
        yield "body", kind.value
    else:
        yield from _xml(local(root.tag), root)


def _json(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield place or "body", "object"
        for name, each in value.items():
            plain = name if is_plain_name(name) else "*"
            yield from _json(f"{place}.{plain}".lstrip("."), each)
    elif isinstance(value, list):
        yield place or "body", "array"
        for each in value:
            yield from _json(f"{place or 'body'}[]", each)
    else:
        yield place or "body", _TYPES[type(value)]


def _xml(place: str, node: Element) -> Iterator[tuple[str, str]]:
    yield place, "element"
    for name in node.attrib:
        yield f"{place}@{local(name)}", "string"
    for child in node:
        yield from _xml(f"{place}.{local(child.tag)}", child)
