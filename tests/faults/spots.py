"""The calls of an operation on which faults are put, and what a fault there can mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from .proxy import Proxy


def kind_of(template: str) -> str:
    """What a fault in such a call can mean: a token, a write, a file, or another read."""
    method, _, path = template.partition(" ")
    if path.endswith(("/oauth2/token", "/me/login", "/me/renew")):
        return "token"
    if method != "GET":
        return "write"
    return "file" if "/audio" in path else "read"


@dataclass(frozen=True, slots=True)
class Spot:
    """One call of an operation: the `nth` with its template, the `order`-th of all.

    `page`: how many rows of a list come before those it asks for, or None. `is_empty`: in peace
    it is answered with nothing, or with a list that has nothing in it.
    """

    template: str
    nth: int
    order: int
    page: int | None
    is_empty: bool

    @property
    def kind(self) -> str:
        return kind_of(self.template)


def spots(proxy: Proxy) -> Iterator[Spot]:
    """The first and the last call of each template."""
    last = {request.template: request.nth for request in proxy.requests}
    for request in proxy.requests:
        if request.nth in {1, last[request.template]}:
            offset = dict(parse_qsl(urlsplit(request.target).query)).get("offset")
            yield Spot(
                request.template,
                request.nth,
                request.order,
                page=None if offset is None else int(offset),
                is_empty=proxy.sizes[request.target] <= len("[]"),
            )
