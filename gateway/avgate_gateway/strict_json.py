"""JSON without the freedoms that two readers may understand differently (RFC 8259, RFC 7493).

* StrictJsonError
  - MalformedJsonError   not JSON as we read it: the bytes have to be written differently
  - RefusedTextError     JSON, but with text that cannot be stored: lone surrogates, controls
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 32
_LARGEST = 2**63 - 1
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # tab and line ends are text
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')


class StrictJsonError(ValueError):
    """The one base; a message never repeats what was sent."""


class MalformedJsonError(StrictJsonError):
    """Not UTF-8, not JSON, or JSON whose meaning depends on the reader."""


class RefusedTextError(StrictJsonError):
    """A lone surrogate or a control character in a string: not every store can hold it."""


def parse(body: bytes) -> Any:
    """The value in `body`; takes a few milliseconds for 64 KiB of any shape.

    Refused: byte order marks and anything but UTF-8, NaN and Infinity, numbers beyond 64 bits,
    a name given twice, more than 32 levels. Raises MalformedJsonError or RefusedTextError.
    """
    text = _text(body)
    value = _value(text)
    census = _census(value)
    _check_names(census, text)
    _check_numbers(census)
    _check_texts(census)
    return value


@dataclass(slots=True)
class _Census:
    """Everything in a value, sorted by what has to be checked."""

    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJsonError("the body must be UTF-8") from None


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except MalformedJsonError:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # a JSONDecodeError, or an integer of thousands of digits
        raise MalformedJsonError(
            "the body must be one JSON value, without byte order mark"
        ) from None


def _census(value: Any) -> _Census:
    """Looks at every level once, without recursion: the sender decides how deep it goes."""
    census = _Census()
    level = [value]
    for _ in range(DEEPEST + 1):
        if not level:
            return census
        level = _below(level, census)
    raise _too_deep()


def _below(level: list[Any], census: _Census) -> list[Any]:
    below: list[Any] = []
    for node in level:
        kind = type(node)
        if kind is str:
            census.texts.append(node)
        elif kind is list:
            below += node
        elif kind is dict:
            census.names += node
            below += node.values()
        elif kind is int or kind is float:
            census.numbers.append(node)
    return below


def _check_names(census: _Census, text: str) -> None:
    """Each member was written with one colon; one that came twice is no longer in the value."""
    if text.count(":") == len(census.names):
        return
    if _STRING.sub("", text).count(":") != len(census.names):
        raise MalformedJsonError("an object in the body names a member twice")


def _check_numbers(census: _Census) -> None:
    numbers = census.numbers
    if numbers and not -_LARGEST <= min(numbers) <= max(numbers) <= _LARGEST:
        raise MalformedJsonError("a number in the body is larger than 64 bits can hold")


def _check_texts(census: _Census) -> None:
    text = "".join(census.names + census.texts)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise RefusedTextError("a text in the body holds half of a surrogate pair") from None
    if _CONTROL.search(text):
        raise RefusedTextError("a text in the body holds a control character")


def _no_constant(_: str) -> Any:
    raise MalformedJsonError("NaN and Infinity are not JSON")


def _too_deep() -> MalformedJsonError:
    return MalformedJsonError(f"the body is nested more than {DEEPEST} levels deep")
