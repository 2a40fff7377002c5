"""One request as a processor keeps it, and what it is at which time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from avgate_mocks.subprocessors.answering import OPENDSR, Naming
from avgate_mocks.subprocessors.holdings import Held, Identity
from avgate_mocks.subprocessors.orders import RequestType

Status = Literal["pending", "in_progress", "completed", "cancelled"]

_PENDING = timedelta(seconds=0.5)
_WORKING = timedelta(seconds=1)


@dataclass(slots=True)
class Job:
    """What is kept of a request; it must not keep the request itself."""

    id: str
    controller: str
    kind: RequestType
    identities: frozenset[Identity]
    received: datetime
    address: str  # where it is asked about
    naming: Naming = OPENDSR
    cancelled: bool = False
    results: tuple[Held, ...] | None = None  # once completed

    @property
    def completes(self) -> datetime:
        return self.received + _PENDING + _WORKING

    @property
    def downloadable(self) -> bool:
        return self.kind != "erasure"

    def status(self, now: datetime) -> Status:
        if self.cancelled:
            return "cancelled"
        if now >= self.completes:
            return "completed"
        return "in_progress" if now >= self.received + _PENDING else "pending"

    def change_after(self, before: Status) -> tuple[Status, datetime] | None:
        """What it turns into next, and when; None after its end."""
        if before in {"completed", "cancelled"}:
            return None
        if self.cancelled:
            return "cancelled", self.received
        if before == "pending":
            return "in_progress", self.received + _PENDING
        return "completed", self.completes

    def receipt(self) -> dict[str, object]:
        """What OpenDSR wants in every answer about a request."""
        return {
            "controller_id": self.controller,
            "expected_completion_time": self.completes.isoformat(),
            "subject_request_id": self.id,
        }

    def state(self, status: Status, address: str) -> dict[str, object]:
        """The receipt with what became of it; `address` is where it is asked about."""
        told = {**self.receipt(), "request_status": status}
        if self.results is None or status != "completed":
            return told
        told["results_count"] = len(self.results)
        return {**told, "results_url": f"{address}/results"} if self.downloadable else told
