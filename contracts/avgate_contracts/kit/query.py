"""Queries and forms: pairs of a name and a value, RFC 3986 section 3.4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote_plus

Named = Callable[[str, str], tuple[str, str]]


def changed_pairs(text: str, change: Named) -> str:
    """The pairs with other names and values; what is not changed is written as it was."""
    return "&".join(_pair(pair, change) for pair in text.split("&"))


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Every name with its value."""
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            yield unquote_plus(name), unquote_plus(value)


def _pair(pair: str, change: Named) -> str:
    name, equals, value = pair.partition("=")
    plain_name, plain = unquote_plus(name), unquote_plus(value)
    new_name, new = change(plain_name, plain)
    name = name if new_name == plain_name else quote(new_name, safe="")
    return f"{name}{equals}{value if new == plain else quote(new, safe='')}"
