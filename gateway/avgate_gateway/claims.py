"""Which worker advances a request: one at a time, and another if that one dies.

On SQLite there is one process, held apart by a file lock, and nothing to claim. On PostgreSQL a
worker claims a request before it advances it; what the advance writes it writes under the fence of
that claim (`store.holding`). A claim is worth no more than the lease of whoever has it: when that
lapses, what is under way here is stopped, and the living take it over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Claims(Protocol):
    """What the engine asks before it works on anything."""

    def held(self, request_id: str) -> AbstractAsyncContextManager[bool]:
        """Whether the request is ours to advance while the block lasts.

        Stops the block, and ends it quietly, once it is ours no more.
        """

    def trouble(self) -> str | None:
        """Why nothing can be worked on here, in sentences; None where it can."""

    async def others(self) -> Sequence[str]:
        """Registrations of other workers that live: what they hold is not ours to begin."""

    async def bury(self) -> None:
        """Drops what the long dead left in the register."""

    async def start(self) -> None:
        """Registers this process; raises AwayError where that fails."""

    async def stop(self) -> None:
        """Ends the registration, once nothing is under way any more."""


class Alone:
    """The only process there is: everything is its own."""

    @asynccontextmanager
    async def held(self, request_id: str) -> AsyncIterator[bool]:  # noqa: ARG002 -- the protocol's
        yield True

    def trouble(self) -> str | None:
        return None

    async def others(self) -> Sequence[str]:
        return ()

    async def bury(self) -> None:
        """Has nobody to bury."""

    async def start(self) -> None:
        """Has nobody to tell."""

    async def stop(self) -> None:
        """Has nobody to tell."""
