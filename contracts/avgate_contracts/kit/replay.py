"""Answers from a recording, and from nothing else: no network, and nothing of the program patched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import httpx

from avgate_contracts.kit.request import Asked, Reading, path_template
from avgate_contracts.kit.tape import Interaction, Tape

_CACHED = 4096  # requests: what a story asks, it asks in every replay
_CONDITIONS = ("if-match", "if-none-match", "range")  # headers that an answer may depend on


class TapeMissError(BaseException):
    """A request that is not on the recording; the message says what differs, and no value.

    Not an Exception, so that no retry and no `except Exception` of a connector hides it.
    """


class Matcher(Protocol):
    """What two requests have in common exactly if they are the same one."""

    def __call__(self, method: str, url: str, body: bytes, key: str | None) -> str: ...


def matcher(volatile: Collection[str] = (), *, salt: str = "", any_key: bool = False) -> Matcher:
    """How requests are compared: by method, path, query, body and key; never by host.

    `any_key`: not by the key either.
    """
    reading = Reading(frozenset(volatile), salt)

    @lru_cache(maxsize=_CACHED)
    def same(method: str, url: str, body: bytes, key: str | None) -> str:
        return repr(reading.asked(method, url, body, None if any_key else key))

    return same


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request and the headers that an answer may depend on."""

    asked: Asked
    conditions: tuple[tuple[str, str], ...]
    label: str  # the method, and the path with a star for everything that may be an id


class TapeTransport(httpx.AsyncBaseTransport):
    """Gives each recorded answer once, to the request that it was given to, in order.

    `repeats`: what was used up answers again, as it did last. `volatile` are members of bodies and
    queries that differ each time: `submittedAt`, or `meta.requestId` for one below another. Closing
    it does nothing: it outlives the client that was given it.
    """

    def __init__(
        self, tape: Tape, *, volatile: Collection[str] = (), repeats: bool = False, salt: str = ""
    ) -> None:
        self.tape = tape
        self.repeats = repeats
        self.missed: list[str] = []  # what the misses said, should somebody have swallowed them
        self._reading = Reading(frozenset(volatile), salt)
        self._recorded = [self._wanted(one) for one in tape.interactions]
        self._used = [0] * len(self._recorded)

    @property
    def unused(self) -> tuple[Interaction, ...]:
        """The interactions that nobody has asked for."""
        pairs = zip(self.tape.interactions, self._used, strict=True)
        return tuple(one for one, times in pairs if not times)

    @property
    def all_used(self) -> bool:
        """Whether every interaction was asked for."""
        return all(self._used)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; raises TapeMissError if there is none left for this request."""
        body = await request.aread()
        wanted = self._read(request.method, str(request.url), body, request.headers)
        return answer(self.tape.interactions[self._chosen(wanted)])

    async def aclose(self) -> None:
        """Stays open, for the client of the next step."""

    def _wanted(self, one: Interaction) -> _Wanted:
        return self._read(one.method, one.url, one.request_body, one.request_headers)

    def _read(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> _Wanted:
        media_type = headers.get("content-type", "").lower()
        key = headers.get("idempotency-key")
        asked = self._reading.asked(method, url, body, key, media_type)
        conditions = tuple((name, headers[name]) for name in _CONDITIONS if name in headers)
        return _Wanted(asked, conditions, f"{method} {path_template(url)}")

    def _chosen(self, wanted: _Wanted) -> int:
        """Which interaction answers; it is used up then."""
        number = self._number(wanted)
        if number is None:
            self.missed.append(self._explained(wanted))
            raise TapeMissError(self.missed[-1])
        self._used[number] += 1
        return number

    def _number(self, wanted: _Wanted) -> int | None:
        same = [n for n, each in enumerate(self._recorded) if _same(each, wanted)]
        fresh = [n for n in same if not self._used[n]]
        if fresh:
            return fresh[0]
        return same[-1] if same and self.repeats else None

    def _explained(self, wanted: _Wanted) -> str:
        """Why there is no answer: all used up, or what differs from the most similar request."""
        times = sum(_same(each, wanted) for each in self._recorded)
        if times:
            return f"{wanted.label} is recorded {times} time(s) and was asked for once more"
        label = self._label(wanted.label)
        alike = [each for each in self._recorded if _is_alike(each.label, wanted.label)]
        nearest = min((list(_differences(each, wanted)) for each in alike), key=len, default=[])
        if not nearest:
            return f"{label} is not recorded"
        return f"{wanted.label} is recorded with other values: {', '.join(nearest[:8])} differ"

    def _label(self, label: str) -> str:
        """With a star for every segment that no recorded path has: it may be a value."""
        known = {part for each in self._recorded for part in each.label.split("/")}
        return "/".join(part if part in known else "*" for part in label.split("/"))


def answer(one: Interaction) -> httpx.Response:
    """A recorded answer as the library gives it."""
    return httpx.Response(one.status, headers=dict(one.headers), content=one.body)


def _is_alike(one: str, other: str) -> bool:
    """Whether two calls may be of one kind; a star may be anything."""
    parts, others = one.split("/"), other.split("/")
    return len(parts) == len(others) and all(
        mine == theirs or "*" in {mine, theirs} for mine, theirs in zip(parts, others, strict=True)
    )


def _same(one: _Wanted, other: _Wanted) -> bool:
    return one.asked == other.asked and one.conditions == other.conditions


def _differences(recorded: _Wanted, wanted: _Wanted) -> Iterator[str]:
    """Where two requests differ: places and names, no values."""
    one, other = recorded.asked, wanted.asked
    if one.method != other.method:
        yield "the method"
    if one.path != other.path:
        yield "the path"
    for what, mine, theirs in (("query", one.query, other.query), ("body", one.body, other.body)):
        for name in sorted({place for place, _ in set(mine) ^ set(theirs)}):
            yield f"{what} {name}".strip()
    if one.key != other.key:
        yield "the idempotency key"
    for name in sorted({name for name, _ in set(recorded.conditions) ^ set(wanted.conditions)}):
        yield f"the header {name}"
