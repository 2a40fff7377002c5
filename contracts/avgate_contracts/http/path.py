"""Filling identifiers into a path, so that none can leave its segment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, unquote

from avgate_contracts.errors import InvalidIdentifierError

Scalar = str | int | bool
Params = Mapping[str, Scalar] | Sequence[tuple[str, Scalar]]

NO_IDS: Mapping[str, str] = MappingProxyType({})

_LONGEST = 256
_UNRESERVED = re.compile(r"[A-Za-z0-9._~\-]*")  # RFC 3986 section 2.3
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FIXED = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@\-]+)+/?")
_LEADS_ON = frozenset("/\\%?#;")  # to somewhere else, for a server that decodes first
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


def has_exactly(path: str, template: str, ids: Mapping[str, str]) -> bool:
    """Whether a path as it will be sent has the template's segments, each id whole in its own.

    Asked of the prepared address, whatever made it: it shares nothing with `fill` that could be
    wrong in both.
    """
    wanted, made = template.split("/"), path.split("/")
    return len(wanted) == len(made) and all(
        _carries(sent, want, ids) if "{" in want else sent == want
        for want, sent in zip(wanted, made, strict=True)
    )


def _carries(sent: str, want: str, ids: Mapping[str, str]) -> bool:
    """One segment with ids in it: decoded once it is the ids, and nothing is left to decode."""
    for name, value in ids.items():
        want = want.replace(f"{{{name}}}", value)
    decoded = unquote(sent)
    is_whole = decoded.strip(".") != "" and not _LEADS_ON.intersection(decoded)
    return decoded == want and decoded.isascii() and decoded.isprintable() and is_whole


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
