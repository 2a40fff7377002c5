"""Who was refused what: counted by reason, and told in the log once, however many they are.

A call for another controller's request is refused as one for a request that never was, so both count
as `not-found`: what told them apart would tell it to the caller too, by the time it takes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from avgate_gateway.logs.catalogue import CALL_REFUSED, CALLS_REFUSED
from avgate_gateway.problem import (
    ACCESS_REFUSED,
    CREDENTIALS_REQUIRED,
    INSUFFICIENT_AUTHENTICATION,
    INSUFFICIENT_SCOPE,
    INVALID_TOKEN,
    NOT_FOUND,
    SECOND_PERSON_REQUIRED,
    ProblemType,
)

REFUSED: Final = (
    CREDENTIALS_REQUIRED,
    INVALID_TOKEN,
    INSUFFICIENT_AUTHENTICATION,
    INSUFFICIENT_SCOPE,
    SECOND_PERSON_REQUIRED,
    ACCESS_REFUSED,
    NOT_FOUND,
)
WINDOW_SECONDS = 60.0
ENTRIES = 20  # of evidence in a minute, and one for each reason, whatever comes
LINES = 20  # in a window; some megabytes a day, whatever comes
Later = Callable[[float, Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which call, by its pattern and without what was filled in; the client of a believed token."""

    call: str
    client: str | None = None
    controller: str | None = None


class Refused(NamedTuple):
    """A reason, and the client of a believed token."""

    reason: str
    client: str | None = None
    controller: str | None = None


def _in_the_loop(seconds: float, then: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, then)


@dataclass(slots=True)
class Refusals:
    """Counts since the process began; `later` calls back after so many seconds."""

    later: Later = _in_the_loop
    _counts: Counter[str] = field(default_factory=Counter)
    _lines: int = 0
    _untold: Counter[str] = field(default_factory=Counter)
    _unwritten: Counter[Refused] = field(default_factory=Counter)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many by reason; a reason that never was is there with 0, so that rates can be taken."""
        return {kind.slug: self._counts[kind.slug] for kind in REFUSED}

    def refused(self, kind: ProblemType, asked: Asked) -> None:
        """Counts it, and tells it now, or at the end of the minute in a sum with others."""
        self._counts[kind.slug] += 1
        self._keep(kind, asked)
        if self._lines == 0:
            self.later(WINDOW_SECONDS, self._tell_the_rest)
        if self._lines < LINES:
            self._lines += 1
            CALL_REFUSED.tell(
                reason=kind.slug, call=asked.call, client=asked.client, controller=asked.controller
            )
        else:
            self._untold[kind.slug] += 1

    def _keep(self, kind: ProblemType, asked: Asked) -> None:
        """Remembers it until `written` is asked: who is not known by name counts with the others."""
        if kind is NOT_FOUND:  # mostly a mistake in an address; it is counted, and told in the log
            return
        refused = Refused(kind.slug, asked.client, asked.controller)
        if refused not in self._unwritten and len(self._unwritten) >= ENTRIES:
            refused = Refused(kind.slug)
        self._unwritten[refused] += 1

    def taken(self) -> Mapping[Refused, int]:
        """What was refused since this was asked last, and how often: to be written down."""
        found, self._unwritten = self._unwritten, Counter()
        return found

    def put_back(self, found: Mapping[Refused, int]) -> None:
        """Remembers what was taken and could not be written down."""
        self._unwritten.update(found)

    def _tell_the_rest(self) -> None:
        for reason, count in sorted(self._untold.items()):
            CALLS_REFUSED.tell(reason=reason, count=count)
        self._untold.clear()
        self._lines = 0
