"""Filling identifiers into a path, so that none can leave its segment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote

from avgate_contracts.errors import InvalidIdentifierError

Scalar = str | int | bool
Params = Mapping[str, Scalar] | Sequence[tuple[str, Scalar]]

NO_IDS: Mapping[str, str] = MappingProxyType({})

_LONGEST = 256
_UNRESERVED = re.compile(r"[A-Za-z0-9._~\-]*")  # RFC 3986 section 2.3
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FIXED = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@\-]+)+/?")
# What an upstream's id may look like. `%` is not in it, so nothing can arrive encoded twice.
_ID = re.compile(r"[A-Za-z0-9_+\-](?:[A-Za-z0-9_+\-:@=~]|\.(?!\.))*")


def fill(template: str, ids: Mapping[str, str]) -> str:
    """The path that a template and its ids make, percent-encoded.

    Raises InvalidIdentifierError for an id that is not one plain path segment, and ValueError for
    a template that is not a plain path or whose places and `ids` do not agree.
    """
    places = _PLACE.findall(template)
    if set(places) != set(ids):
        raise ValueError(f"a path and its ids differ in {sorted(set(places) ^ set(ids))}")
    if not _FIXED.fullmatch(_PLACE.sub("x", template)):
        raise ValueError("a path template has plain segments, and its parameters apart from it")
    return _PLACE.sub(lambda place: segment(ids[place[1]]), template)


def segment(value: str) -> str:
    """An id as one path segment; raises InvalidIdentifierError, which does not repeat it."""
    if len(value) > _LONGEST or not _ID.fullmatch(value):
        raise InvalidIdentifierError(
            f"an id in a path is 1 to {_LONGEST} letters, digits and . _ + - : @ = ~ "
            "and starts with a letter, a digit, _, + or -"
        )
    return quote(value, safe="")


def query(params: Params | None) -> str:
    """Parameters as a query; a bool is `true` or `false`.

    Raises InvalidIdentifierError for an empty value: an empty filter finds everybody.
    """
    if not params:
        return ""
    pairs = params.items() if isinstance(params, Mapping) else params
    return "&".join([f"{_quoted(name)}={_quoted(_text(value))}" for name, value in pairs])


def _quoted(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not text or not _encodable(text):
        raise InvalidIdentifierError("a parameter has a value that is neither empty nor broken")
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
