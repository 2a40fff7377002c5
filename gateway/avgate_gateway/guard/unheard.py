"""What was refused before it was a call: counted by reason, and told in sums without whose it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from avgate_gateway import problem
from avgate_gateway.logs.catalogue import UNHEARD

REASONS: Final = (
    problem.AMBIGUOUS_REQUEST,
    problem.BODY_TIMEOUT,
    problem.BODY_TOO_LARGE,
    problem.HEAD_TIMEOUT,
    problem.HEADERS_TOO_LARGE,
    problem.INVALID_CONTENT,
    problem.MALFORMED_JSON,
    problem.MALFORMED_REQUEST,
    problem.UNAVAILABLE,
    problem.UNSUPPORTED_CONTENT,
    problem.URI_TOO_LONG,
)
WINDOW_SECONDS: Final = 60.0
Later = Callable[[float, Callable[[], None]], object]


def _in_the_loop(seconds: float, then: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, then)


class Unheard:
    """Counts since the process began; `later` calls back after so many seconds.

    The first in a quiet minute is told at once and the others when the minute is over, so there are
    at most as many lines as reasons, and one, however many come. Who sent it is an address: no line of ours.
    """

    def __init__(self, later: Later = _in_the_loop) -> None:
        self._later = later
        self._counts: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._is_quiet = True

    @property
    def counts(self) -> Mapping[str, int]:
        """How many by reason; a reason that never was is there with 0, so that rates can be taken."""
        return {kind.slug: self._counts[kind.slug] for kind in REASONS}

    def refused(self, kind: problem.ProblemType) -> None:
        self._counts[kind.slug] += 1
        if self._is_quiet:
            self._is_quiet = False
            self._later(WINDOW_SECONDS, self._tell_the_rest)
            UNHEARD.tell(reason=kind.slug, count=1)
        else:
            self._untold[kind.slug] += 1

    def _tell_the_rest(self) -> None:
        for reason, count in sorted(self._untold.items()):
            UNHEARD.tell(reason=reason, count=count)
        self._untold.clear()
        self._is_quiet = True
