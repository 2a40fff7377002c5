"""Lists that an upstream hands out in parts, and how it says that there is more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from avgate_contracts.kit.body import parsed
from avgate_contracts.kit.request import path_template
from avgate_contracts.kit.tape import Interaction

# What upstreams call it, letters only: the next page, or that there is one.
_NEXT = re.compile(
    r"(odata)?next(page|cursor|link|url|uri|token|pagetoken|pagecursor|offset|start|href)?"
    r"|continuation(token)?|(has)?more(results|items|data)?|hasnext(page)?|ismore"
)
# Names that are also given to the place of a last page: believed where nothing else says whether there is more.
_CURSOR = re.compile(r"(end|after|page)?cursor|pagetoken|bookmark")
_TOTAL = re.compile(r"total(count|items|results|records|hits|size)?|(item|result|record)count")
_ABOUT_PAGES = re.compile(r"(_?links?|meta(data)?|paging|pagination|pageinfo|page)", re.IGNORECASE)
_LINK = re.compile(r"<([^>]*)>\s*;[^,]*\brel\s*=\s*\"?next\b", re.IGNORECASE)


def unfinished(tape: Sequence[Interaction]) -> list[str]:
    """The lists of a recording that say there is more, of which no more was asked for."""
    found = []
    for number, one in enumerate(tape):
        if one.method != "GET" or not 200 <= one.status < 300:
            continue
        where = f"the list {path_template(one.url)}"
        if any(not _goes_on(one, says, tape[number + 1 :]) for says in _more(one)):
            found.append(f"{where} says that there is more, and no more is asked for")
        elif any(_count(one, tape) < total for total in _totals(one)):
            found.append(f"{where} says how many there are, and fewer are read")
    return list(dict.fromkeys(found))


def _more(one: Interaction) -> Iterator[str]:
    """What the answer says of a next part: a cursor, a link, or only that there is one."""
    if link := _LINK.search(one.headers.get("link", "")):
        yield link[1]
    for name, value in one.headers.items():
        if value and _NEXT.fullmatch(_letters(name.removeprefix("x-"))):
            yield value
    members = [(_letters(name), value) for name, value in _members(parsed(one.body))]
    for name, value in members:
        if _NEXT.fullmatch(name) and value not in (None, False, "", 0, "false"):
            yield from [str(value)] if isinstance(value, str | int) else _hrefs(value)
    if 0 < _longest(parsed(one.body)) < _NO_LIST and not any(
        _NEXT.fullmatch(n) for n, _ in members
    ):
        yield from (
            v for name, v in members if _CURSOR.fullmatch(name) and isinstance(v, str) and v
        )


def _hrefs(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and isinstance(value.get("href"), str):
        yield value["href"]


def _goes_on(one: Interaction, says: str, later: Sequence[Interaction]) -> bool:
    here, there = urlsplit(one.url), urlsplit(urljoin(one.url, says))
    for each in later:
        parts = urlsplit(each.url)
        is_same = (parts.path, parts.query) == (here.path, here.query)
        if each.method == "GET" and not is_same and parts.path in {here.path, there.path}:
            return True
    return False


def _totals(one: Interaction) -> Iterator[int]:
    for name, value in _members(parsed(one.body)):
        if _TOTAL.fullmatch(_letters(name)) and isinstance(value, int):
            yield value
    total = one.headers.get("x-total-count", "")
    if total.isascii() and total.isdigit():
        yield int(total)


def _count(one: Interaction, tape: Sequence[Interaction]) -> int:
    """How many were read in all, of lists under this path."""
    path = urlsplit(one.url).path
    alike = {each.url: each for each in tape if urlsplit(each.url).path == path}
    return sum(_longest(parsed(each.body)) for each in alike.values() if each.status < 300)


def _longest(body: Any) -> int:
    lists = [body] if isinstance(body, list) else []
    if isinstance(body, Mapping):
        lists += [each for each in body.values() if isinstance(each, list)]
    return max(map(len, lists), default=_NO_LIST)


def _members(body: Any) -> Iterator[tuple[str, Any]]:
    """The members beside a list, and of what stands there about pages."""
    if not isinstance(body, Mapping):
        return
    for name, value in body.items():
        yield str(name), value
        if isinstance(value, Mapping) and _ABOUT_PAGES.fullmatch(str(name)):
            yield from ((str(inner), each) for inner, each in value.items())


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


_NO_LIST = 1_000_000_000  # a total beside no list is none of a list
