"""Writing where answers get lost: look first, and write again only what did not happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import avgate_contracts as sdk

_TRIES = 5


async def until_answered(once: Callable[[], Awaitable[sdk.Outcome]]) -> sdk.Outcome:
    """What a write that reads itself back came to; it is repeated only while nobody knows."""
    for _ in range(_TRIES - 1):
        outcome = await once()
        if not isinstance(outcome, sdk.Unknown):
            return outcome
    return await once()
