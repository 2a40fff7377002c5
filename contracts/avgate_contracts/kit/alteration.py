"""Recordings as they would be if the upstream were another: other members, other people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from avgate_contracts.kit.body import Kind, kind_of, parsed
from avgate_contracts.kit.request import path_template
from avgate_contracts.kit.spelling import spellings
from avgate_contracts.kit.tape import Interaction

Path: TypeAlias = tuple[str, ...]  # member names; the elements of a list share one, "*"
Edit: TypeAlias = Callable[[Any], Any]
ELEMENT = "*"
_TAG = re.compile(rb"<([A-Za-z_][\w.\-]*)[\s>/]")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the answers to one sort of call."""

    group: str  # method and path template
    place: Path

    def __str__(self) -> str:
        return f"{self.group} {'.'.join(self.place) or 'body'}"


def promised(tape: Iterable[Interaction]) -> list[Member]:
    """Every member that is there wherever it could be, in all answers to one sort of call."""
    holders: dict[Member, int] = {}
    holding: dict[Member, int] = {}
    for one in tape:
        group = group_of(one)
        for place, names in _objects(parsed(one.body), ()) if _is_told(one) else ():
            holder = Member(group, place)
            holders[holder] = holders.get(holder, 0) + 1
            for name in names:
                member = Member(group, (*place, name))
                holding[member] = holding.get(member, 0) + 1
    return [m for m, times in holding.items() if times == holders[Member(m.group, m.place[:-1])]]


def tags(tape: Iterable[Interaction]) -> list[Member]:
    """Every element of answers in XML."""
    found: dict[Member, None] = {}
    for one in tape:
        if _is_told(one) and _kind(one) is Kind.XML:
            for tag in _TAG.findall(one.body):
                found[Member(group_of(one), (tag.decode(),))] = None
    return list(found)


def group_of(one: Interaction) -> str:
    """What sort of call it answers."""
    return f"{one.method} {path_template(one.url)}"


def renamed(tape: Sequence[Interaction], member: Member) -> list[Interaction]:
    """The same with another name for a member."""

    def edit(holder: Any) -> Any:
        name = member.place[-1]
        if not isinstance(holder, dict):
            return holder
        return {f"{key}_renamed" if key == name else key: value for key, value in holder.items()}

    return [_edited(one, member.place[:-1], edit) if _in(one, member) else one for one in tape]


def retyped(tape: Sequence[Interaction], member: Member) -> list[Interaction]:
    """The same with a value of another type: a list in an object, an object in a list."""
    return [_edited(one, member.place, _other_type) if _in(one, member) else one for one in tape]


def retagged(tape: Sequence[Interaction], member: Member) -> list[Interaction]:
    """The same with another name for an XML element."""
    tag = re.escape(member.place[-1].encode())
    pattern = re.compile(rb"(</?" + tag + rb")(?=[\s>/])")
    return [
        replace(one, body=pattern.sub(rb"\1Renamed", one.body)) if _in(one, member) else one
        for one in tape
    ]


def about_others(tape: Sequence[Interaction], values: Iterable[str]) -> list[Interaction]:
    """The same answers to the same questions, but about somebody else."""
    swap = _swapping(values)
    return [replace(one, body=swap(one.body)) for one in tape]


def with_others(tape: Sequence[Interaction], values: Iterable[str]) -> list[Interaction]:
    """The same, but a search for the subject finds somebody else beside each of theirs.

    Only a search: what hangs off a person by a link is theirs whatever number it bears.
    """
    known = list(values)
    swap = _swapping(known)
    whose = [each.encode() for value in known for each in spellings(value)]

    def beside(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: beside(inner) for name, inner in value.items()}
        if not isinstance(value, list):
            return value
        return [*value, *(other for each in value if (other := _swapped(each, swap)) != each)]

    return [
        replace(one, body=_dumped(beside(parsed(one.body)))) if _searches(one, whose) else one
        for one in tape
    ]


def another(value: str) -> str:
    """Somebody else's identifier of the same form: its last letters and digits are others."""
    name, at, host = value.rpartition("@")
    turned = "".join(_turned(letter) for letter in (name or host)[-4:])
    return f"{name[:-4]}{turned}{at}{host}" if at else f"{value[:-4]}{turned}"


def _swapping(values: Iterable[str]) -> Callable[[bytes], bytes]:
    pairs = {spelling: another(spelling) for value in values for spelling in spellings(value)}
    longest = sorted(pairs, key=len, reverse=True)
    found = re.compile(b"|".join(re.escape(each.encode()) for each in longest) or b"(?!)")
    return lambda body: found.sub(lambda match: pairs[match[0].decode()].encode(), body)


def _swapped(element: Any, swap: Callable[[bytes], bytes]) -> Any:
    return json.loads(swap(_dumped(element)))


def _turned(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 3) % 10)
    if letter.isascii() and letter.isalpha():
        start = ord("A") if letter.isupper() else ord("a")
        return chr(start + (ord(letter) - start + 3) % 26)
    return letter


def _objects(value: Any, place: Path) -> Iterator[tuple[Path, list[str]]]:
    if isinstance(value, dict):
        yield place, list(value)
        for name, inner in value.items():
            yield from _objects(inner, (*place, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner, (*place, ELEMENT))


def _edited(one: Interaction, place: Path, edit: Edit) -> Interaction:
    return replace(one, body=_dumped(_at(parsed(one.body), place, edit)))


def _at(value: Any, place: Path, edit: Edit) -> Any:
    """The value with an edit made wherever the place is."""
    if not place:
        return edit(value)
    first, rest = place[0], place[1:]
    if isinstance(value, list) and first == ELEMENT:
        return [_at(each, rest, edit) for each in value]
    if isinstance(value, dict) and first in value:
        return {name: _at(v, rest, edit) if name == first else v for name, v in value.items()}
    return value


def _other_type(value: Any) -> Any:
    if value is None:
        return {"value": ""}
    return {"value": value} if not isinstance(value, dict) else [value]


def _searches(one: Interaction, whose: Iterable[bytes]) -> bool:
    """Whether a call asks for what one of the values leads to, and is answered with JSON."""
    asked = unquote(urlsplit(one.url).query).encode() + one.request_body
    return _kind(one) is Kind.JSON and any(each in asked for each in whose)


def _in(one: Interaction, member: Member) -> bool:
    return _is_told(one) and group_of(one) == member.group


def _is_told(one: Interaction) -> bool:
    return 200 <= one.status < 300


def _kind(one: Interaction) -> Kind:
    return kind_of(one.body, one.headers.get("content-type", "").lower())


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
