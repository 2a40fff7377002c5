"""Clients and tokens that are refused before they run out, as every process learns within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.problem import UNAVAILABLE, Problem, ProblemError

FRESH_SECONDS = 5.0
_KEPT = "Who is refused cannot be read, so no token can be checked."


@dataclass(frozen=True, slots=True)
class Revoked:
    """All that is refused, by the ids that tokens name."""

    clients: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()


Read = Callable[[], Awaitable[Revoked | None]]
"""Reads the list, or tells None where it cannot be read now."""


class Revocation:
    """The list as it was read a moment ago; `now` gives seconds on a clock that never jumps.

    While it cannot be read the last one counts: whatever else a call could reach needs the same
    database. Before it was ever read, nobody is believed.
    """

    def __init__(self, read: Read, now: Callable[[], float]) -> None:
        self._read = read
        self._now = now
        self._known: Revoked | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def check(self, client_id: str, token_id: str) -> None:
        """Raises InvalidTokenError for what is refused, ProblemError (503) while nobody can tell."""
        if self._is_old():
            await self._renew()
        if self._known is None:
            raise ProblemError(Problem(UNAVAILABLE, _KEPT, headers={"retry-after": "5"}))
        if client_id in self._known.clients:
            raise InvalidTokenError("the client is refused")
        if token_id in self._known.tokens:
            raise InvalidTokenError("the token was revoked")

    def _is_old(self) -> bool:
        return self._tried_at is None or self._now() - self._tried_at >= FRESH_SECONDS

    async def _renew(self) -> None:
        """Reads once for everybody who waits: the later ones find it done."""
        async with self._reading:
            if self._is_old():
                found = await self._read()
                self._known, self._tried_at = found or self._known, self._now()


async def nothing_is_revoked() -> Revoked:
    """For a verifier that has no list to look at."""
    return Revoked()
