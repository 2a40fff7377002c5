"""What is delivered, what comes back, and what can go wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from avgate_contracts.errors import (
    ConnectorError,
    ContractBrokenError,
    MisconfiguredError,
    OutcomeUnknownError,
    RefusedError,
)

PIECE = 256 * 1024  # bytes that are read at once


def _nobody() -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A copy as an age file on disk; `moved` is told of every piece that was read for sending."""

    path: Path
    size: int
    sha256: str
    moved: Callable[[], None] = field(default=_nobody, compare=False)

    async def pieces(self, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from there to its end."""
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            await asyncio.to_thread(file.seek, offset)
            while piece := await asyncio.to_thread(file.read, PIECE):
                self.moved()
                yield piece
        finally:
            file.close()


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the successor's server has the whole file: under which name, and what it said of it."""

    name: str
    answer: str = ""  # an ETag, or nothing


class DeliveryError(Exception):
    """An attempt came to nothing; `code` is stable, `reason` says it in words and names nobody."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Way(Protocol):
    """One way to one destination. Done again, it goes on, or does the same once more."""

    async def deliver(self, sealed: Sealed, name: str) -> Receipt:
        """Brings the file there under this name; raises DeliveryError."""


def told(error: ConnectorError) -> DeliveryError:
    """What an error of our HTTP client comes to here."""
    match error:
        case MisconfiguredError():
            return DeliveryError("misconfigured", str(error))
        case RefusedError():
            return DeliveryError("refused", str(error))
        case ContractBrokenError():
            return DeliveryError("contract_broken", str(error))
        case OutcomeUnknownError():
            return DeliveryError("outcome_unknown", str(error))
        case _:
            return DeliveryError("unavailable", str(error))
