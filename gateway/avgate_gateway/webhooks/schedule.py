"""What follows an attempt: pure, so that a table can hold all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus

# Before each attempt, as Standard Webhooks 1.0 proposes: some three days and a quarter in all.
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2  # of a delay, added by chance: those that failed together do not come back together
LONGEST_PAUSE = timedelta(hours=24)  # whatever Retry-After asks for
FAILING_FOR = timedelta(days=5)  # after that an endpoint is disabled


class End(StrEnum):
    """What an attempt comes to."""

    DELIVERED = "delivered"
    AGAIN = "again"
    GIVEN_UP = "given_up"
    GONE = "gone"  # the receiver wants no more


@dataclass(frozen=True, slots=True)
class Next:
    """What follows; `wait` until the next attempt, `pause` for the whole endpoint."""

    end: End
    wait: timedelta | None = None
    pause: timedelta | None = None


def following(status: int | None, tries: int, chance: float, after: float | None = None) -> Next:
    """What follows the attempt number `tries`; `chance` is between 0 and 1, `after` in seconds.

    Only 2xx is a success, and a redirect is none. `after` is what Retry-After asks for.
    """
    if status is not None and 200 <= status < 300:
        return Next(End.DELIVERED)
    if status == HTTPStatus.GONE:
        return Next(End.GONE)
    pause = None if after is None else min(timedelta(seconds=after), LONGEST_PAUSE)
    if tries >= len(DELAYS):
        return Next(End.GIVEN_UP, pause=pause)
    wait = DELAYS[tries] * (1 + JITTER * chance)
    return Next(End.AGAIN, max(wait, pause or wait), pause)
