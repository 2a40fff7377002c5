"""Where the verifier finds keys: a fixed set, or one that its issuer renews."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from avgate_contracts.errors import ConnectorError, MisconfiguredError
from avgate_gateway.authentication.trusted_key import KeySetError, TrustedKey, trusted_keys
from avgate_gateway.logs.catalogue import KEYS_NOT_RENEWED
from avgate_gateway.problem import UNAVAILABLE, Problem, ProblemError

FRESH_SECONDS = 300.0  # a withdrawn key is refused within ten minutes, caches included
LEAST_PAUSE_SECONDS = 60.0  # between two fetches, whatever kids callers invent
STALE_SECONDS = 86_400.0
_JUST_NOW_SECONDS = 1.0
_OLD, _UNKNOWN = "old", "unknown"  # why keys are fetched

Fetch = Callable[[], Awaitable[bytes]]
"""Gets a JWK Set; raises ConnectorError when it cannot, and follows no redirect."""


class Keys(Protocol):
    """Finds the key that a token names."""

    async def find(self, kid: str) -> TrustedKey | None:
        """The key, or None; raises ProblemError (503) while no key can be known."""
        ...


class FixedKeys:
    """Keys that do not change while the process runs."""

    def __init__(self, keys: Iterable[TrustedKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    async def find(self, kid: str) -> TrustedKey | None:
        return self._keys.get(kid)


class RotatingKeys:
    """Keys that are fetched again when they are old, or when a token names an unknown one.

    At most one fetch a minute for each of the two, so that invented names do not use up the one by
    which a key comes or goes. Keys that cannot be renewed are used for 24 hours, and then the
    gateway answers 503. `now` gives seconds on a clock that never jumps.
    """

    def __init__(self, fetch: Fetch, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._keys: Mapping[str, TrustedKey] = {}
        self._fetched_at: float | None = None
        self._tried_at = {_OLD: -math.inf, _UNKNOWN: -math.inf}
        self._fetching = asyncio.Lock()
        self._has_failed = False

    async def find(self, kid: str) -> TrustedKey | None:
        if self._age() > FRESH_SECONDS and not self._is_tried_in_vain():
            await self._renew(_OLD)
        if kid not in self._keys:
            await self._renew(_UNKNOWN)
        if self._age() > STALE_SECONDS:
            detail = "The issuer's keys cannot be fetched, so no token can be checked."
            headers = {"retry-after": f"{LEAST_PAUSE_SECONDS:.0f}"}
            raise ProblemError(Problem(UNAVAILABLE, detail, headers=headers))
        return self._keys.get(kid)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._now() - self._fetched_at

    def _is_tried_in_vain(self) -> bool:
        """Whether somebody waits already for an issuer that gave nothing last time.

        One that takes connections and is silent would else hold up everybody, a quarter of the time.
        """
        return self._has_failed and self._fetching.locked() and self._age() <= STALE_SECONDS

    async def _renew(self, why: str) -> None:
        """Fetches once for everybody who waits: the later ones find it done.

        What was fetched a moment ago is not fetched again for a name that it does not hold.
        """
        async with self._fetching:
            now = self._now()
            is_too_soon = now - self._tried_at[why] < LEAST_PAUSE_SECONDS
            if not is_too_soon and self._age() >= _JUST_NOW_SECONDS:
                self._tried_at[why] = now
                await self._fetch_keys()

    async def _fetch_keys(self) -> None:
        try:
            document = await self._fetch()
            self._keys = trusted_keys(document)
            self._fetched_at = self._now()
            self._has_failed = False
        except (ConnectorError, KeySetError) as error:
            self._has_failed = True
            KEYS_NOT_RENEWED.tell(error=type(error).__name__)


def read_key_file(path: Path) -> Fetch:
    """Gets the JWK Set from a file, which may be replaced while the process runs."""

    async def fetch() -> bytes:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError:
            raise MisconfiguredError("the file named by jwks_file cannot be read") from None

    return fetch
