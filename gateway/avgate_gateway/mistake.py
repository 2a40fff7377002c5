"""What is wrong with what was written, in our own words: never the value that was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from avgate_gateway.phrase import phrase

SAFE_NAME = re.compile(r"[a-z_]{1,40}")
"""A name of a field as we write them; anything else that was sent as a name is not repeated."""


class WrongValueError(ValueError):
    """Raised by our own validators; its message never repeats the value, so it may be shown."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right: where, as names that our models know, and what is expected there."""

    path: tuple[str | int, ...]
    detail: str


def mistakes(
    errors: Iterable[ErrorDetails], model: object, *, trusted: bool = False
) -> tuple[Mistake, ...]:
    """What pydantic found, each with a path through `model` and our words for it.

    A name that `model` does not know may be a person's: it is repeated only if it looks like one
    of our names and nearly is one, or if whoever wrote it is `trusted` (the operator's own config).
    Then the words of a connector's own validator are shown too, unless they repeat the value.
    """
    return tuple(_mistake(error, model, trusted=trusted) for error in errors)


def _mistake(error: ErrorDetails, model: object, *, trusted: bool) -> Mistake:
    path, inside = _locate(error["loc"], model, trusted=trusted)
    if error["type"] == "extra_forbidden":
        return _unknown(path, str(error["loc"][-1]), _names(inside), trusted=trusted)
    return Mistake(path, _detail(error, trusted=trusted))


def _detail(error: ErrorDetails, *, trusted: bool) -> str:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, WrongValueError):
        return str(cause)
    if trusted and isinstance(cause, ValueError) and not _repeats(str(cause), error["input"]):
        return str(cause)
    return phrase(error["type"], context)


def _repeats(message: str, value: object) -> bool:
    """Whether words that are not ours hold a part of the value, which may be a secret."""
    match value:
        case Mapping():
            return any(_repeats(message, inner) for inner in value.values())
        case list() | tuple():
            return any(_repeats(message, inner) for inner in value)
        case _:
            return bool(text := str(value).strip()) and text in message


def _unknown(
    path: tuple[str | int, ...], name: str, known: Sequence[str], *, trusted: bool
) -> Mistake:
    near = get_close_matches(name, known, n=1)
    if trusted:
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return Mistake((*path, name), f"is not known; {hint}")
    if near and SAFE_NAME.fullmatch(name):
        return Mistake(path, f"{name} is not a known field; did you mean {near[0]}?")
    return Mistake(path, f"holds an unknown field; known here: {', '.join(known) or 'none'}")


def _locate(
    location: tuple[str | int, ...], model: object, *, trusted: bool
) -> tuple[tuple[str | int, ...], tuple[object, ...]]:
    """The part of pydantic's location that is ours to show, and the types found at its end.

    Pydantic mixes in the names of union members, which are no part of what was sent: whatever
    is neither a field nor an index is left out. At a key of a mapping the path stops, unless
    whoever wrote it is trusted.
    """
    path: list[str | int] = []
    inside = tuple(_members(model))
    for part in location:
        below = tuple(_below(inside, part))
        if below:
            path.append(part)
            inside = below
            continue
        below = tuple(_values(inside)) if part != "[key]" else ()
        if below and not trusted:
            return tuple(path), ()
        if below:
            path.append(part)
            inside = below
    return tuple(path), inside


def _members(annotation: object) -> Iterator[object]:
    """The types an annotation allows, with Annotated and unions taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _members(member)
    elif isinstance(alias := getattr(annotation, "__value__", None), object) and alias is not None:
        yield from _members(alias)
    else:
        yield annotation


def _below(types: Iterable[object], part: str | int) -> Iterator[object]:
    for candidate in types:
        if isinstance(part, int):
            yield from _elements(candidate)
        elif _is_model(candidate):
            yield from _field(candidate, part)


def _field(model: Any, name: str) -> Iterator[object]:
    for field_name, info in model.model_fields.items():
        if name in {field_name, info.alias}:
            yield from _members(info.annotation)


def _elements(candidate: object) -> Iterator[object]:
    origin, arguments = get_origin(candidate), get_args(candidate)
    if isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset) and arguments:
        yield from _members(arguments[0])


def _values(types: Iterable[object]) -> Iterator[object]:
    for candidate in types:
        origin, arguments = get_origin(candidate), get_args(candidate)
        if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
            yield from _members(arguments[1])


def _names(types: Iterable[object]) -> tuple[str, ...]:
    """The names that would be right, each once though several members of a union share it."""
    names = (
        info.alias or name
        for candidate in types
        if _is_model(candidate)
        for name, info in _model_fields(candidate)
    )
    return tuple(dict.fromkeys(names))


def _model_fields(model: Any) -> Iterable[tuple[str, Any]]:
    fields: Mapping[str, Any] = model.model_fields
    return fields.items()


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
