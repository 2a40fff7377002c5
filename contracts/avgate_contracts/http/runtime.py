"""What the http client takes from outside: network, clocks, sleep and chance."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from avgate_contracts.http.library import AsyncBaseTransport
from avgate_contracts.http.tracing import Tracing


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Made by the gateway, and by tests with clocks that they turn by hand.

    `transport` makes the transport that a client sends through and closes with itself; None is
    the real network. `monotonic` is in seconds. `tracing` is told of every try.
    """

    transport: Callable[[], AsyncBaseTransport] | None = None
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=random.SystemRandom)
    tracing: Tracing | None = None
