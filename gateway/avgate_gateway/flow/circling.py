"""Notices that a request is worked on again and again and comes no further: nobody else would.

It waits for nobody, so no reason is written anywhere, and no look at it fails, so no mistake is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_OFTEN = 20  # a request that gets on rests, or waits for somebody, after two or three; one a second
_MOST = 1_000  # requests; whichever were noticed first are counted anew then


class CirclingError(Exception):
    """It has work to do at once after as many looks as this; only a mistake of ours does that."""


@dataclass(slots=True)
class Circling:
    """How often in a row each request was left with work to do at once, in this process."""

    _times: dict[str, int] = field(default_factory=dict)

    def again(self, request_id: str) -> None:
        """It has; raises CirclingError where that is so too often, and at each time after that."""
        times = self._times.pop(request_id, 0) + 1
        self._times[request_id] = times
        if len(self._times) > _MOST:
            del self._times[next(iter(self._times))]
        if times >= _OFTEN:
            raise CirclingError

    def is_over(self, request_id: str) -> None:
        """It waits for somebody, or is closed."""
        self._times.pop(request_id, None)
