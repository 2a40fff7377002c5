"""What callers read of whom is told and what was sent: the JSON, and its description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from avgate_gateway.api.views import View
from avgate_gateway.notice import Event
from avgate_gateway.store import deliveries
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.deliveries import Attempt, Delivery, DeliveryState
from avgate_gateway.store.endpoints import Standing
from avgate_gateway.store.outbox import Described

_Kind = Literal["webhook", "callback", "opendsr"]
_Result = Literal["answered", "no_answer", "unreachable", "not_allowed", "unaddressed", "fault"]


class AttemptView(View):
    """One try at a delivery."""

    number: int
    at: datetime
    status: int | None = Field(description="Null where there was no answer.")
    result: _Result
    milliseconds: int


class DeliveryView(View):
    """One event on its way to one endpoint."""

    id: str
    endpoint: str
    kind: _Kind
    event: Event
    request_id: str | None = Field(description="Null of a test.")
    state: DeliveryState
    made_at: datetime
    next_attempt_at: datetime | None
    attempts: list[AttemptView]


class DeliveryListView(View):
    """A page of deliveries."""

    items: list[DeliveryView]
    next: str | None


class EndpointView(View):
    """Somebody who is told of events."""

    name: str
    kind: _Kind
    host: str
    events: list[Event] = Field(description="Empty: all of them.")
    state: Literal["enabled", "disabled"]
    reason: Literal["gone", "failing"] | None = Field(description="Why it is disabled.")
    disabled_at: datetime | None
    failing_since: datetime | None
    paused_until: datetime | None
    public_keys: list[str] = Field(description="What the receiver verifies with.")


class EndpointListView(View):
    """Everybody who is told of events."""

    items: list[EndpointView]
    next: str | None


class ReleasedView(EndpointView):
    """An endpoint that is sent to again."""

    released: int = Field(description="How many that were held are sent now.")


class ResentView(EndpointView):
    """An endpoint to which what failed is sent again."""

    resent: int = Field(description="How many.")


async def told(db: Connection, page: Sequence[Delivery]) -> list[dict[str, Any]]:
    attempts = await deliveries.attempts(db, [one.id for one in page])
    return [
        {
            "id": one.id,
            "endpoint": one.endpoint,
            "kind": one.kind,
            "event": one.event,
            "request_id": one.request_id,
            "state": one.state.value,
            "made_at": one.made_at.isoformat(),
            "next_attempt_at": _moment(one.next_at),
            "attempts": [_attempt(tried) for tried in attempts.get(one.id, ())],
        }
        for one in page
    ]


def _attempt(one: Attempt) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "status": one.status,
        "result": one.word,
        "milliseconds": one.milliseconds,
    }


def endpoint_json(one: Described, standing: Standing) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "host": one.host,
        "events": sorted(one.events),
        "state": "enabled" if standing.disabled_at is None else "disabled",
        "reason": standing.reason,
        "disabled_at": _moment(standing.disabled_at),
        "failing_since": _moment(standing.failing_since),
        "paused_until": _moment(standing.paused_until),
        "public_keys": [*one.public_keys],
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
