"""What the four mocks of one run have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b

from avgate_mocks.clock import wall_clock
from avgate_mocks.fault import Mood
from avgate_mocks.people import Person, people


@dataclass(frozen=True, kw_only=True)
class World:
    """People, mood and time, and no state: each mock keeps its own."""

    seed: int
    as_of: date  # the day on which the people were invented
    people: tuple[Person, ...]
    mood: Mood = Mood.NONE
    latency_seconds: float = 0.0
    now: Callable[[], datetime] = wall_clock  # aware; where each mock's clock starts
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def known_to(self, upstream: str, controller: str | None = None) -> tuple[Person, ...]:
        """The people one mock starts with, of one controller or of all."""
        return tuple(
            person
            for person in self.people
            if upstream in person.known_to and controller in (None, person.controller)
        )

    def secret(self, upstream: str, controller: str) -> str:
        """The password or client secret of one controller at one mock."""
        text = f"{self.seed}/{upstream}/{controller}".encode()
        return blake2b(text, digest_size=16).hexdigest()


def world(
    *,
    seed: int = 1,
    count: int = 12,
    mood: Mood = Mood.NONE,
    latency_seconds: float = 0.0,
    now: Callable[[], datetime] = wall_clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> World:
    """A world whose people were invented today, by `now`.

    Raises TooFewPeopleError if the special cast does not fit.
    """
    as_of = now().astimezone(UTC).date()
    return World(
        seed=seed,
        as_of=as_of,
        people=people(seed, count, as_of),
        mood=mood,
        latency_seconds=latency_seconds,
        now=now,
        sleep=sleep,
    )
