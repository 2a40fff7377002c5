"""Requests that a mistake of ours stops each time: tried again for ever, so they have to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from avgate_gateway.keyring import VaultError

_MOST = 1_000  # requests; of more than these it is told only that there are so many
_OVER = timedelta(minutes=5)  # one that was not stopped for so long goes on, here or elsewhere


@dataclass(frozen=True, slots=True)
class Fault:
    """What stops a request: `kind` is the name of the exception, whose words may name a person."""

    kind: str
    since: datetime
    last: datetime
    times: int = 1
    is_sealed: bool = False  # what is stored of it does not open


@dataclass(slots=True)
class Faults:
    """Those that happened in this process and are not over."""

    now: Callable[[], datetime]
    _by_request: dict[str, Fault] = field(default_factory=dict)

    def happened(self, request_id: str, error: Exception) -> None:
        now, before = self.now(), self.of(request_id)
        kind, is_sealed = type(error).__name__, isinstance(error, VaultError)
        self._by_request.pop(request_id, None)
        since, times = (before.since, before.times + 1) if before else (now, 1)
        self._by_request[request_id] = Fault(kind, since, now, times, is_sealed)
        if len(self._by_request) > _MOST:
            del self._by_request[next(iter(self._by_request))]

    def are_over(self, request_id: str) -> None:
        """It got on."""
        self._by_request.pop(request_id, None)

    def of(self, request_id: str) -> Fault | None:
        found = self._by_request.get(request_id)
        return found if found is not None and self._lasts(found) else None

    def count(self) -> int:
        """Requests that are stopped."""
        return sum(map(self._lasts, self._by_request.values()))

    def sealed(self) -> int:
        """How many of those are stopped because what is stored of them does not open."""
        return sum(self._lasts(one) for one in self._by_request.values() if one.is_sealed)

    def _lasts(self, fault: Fault) -> bool:
        return self.now() - fault.last < _OVER
