"""Who is told of events, and what was sent to them."""

from __future__ import annotations

from datetime import datetime

from avgate_client.answers.answer import Answer


class Endpoint(Answer):
    """Somebody who is told of events.

    `released` is how many that were held are sent now, `resent` how many that had failed.
    `public_keys` are what the receiver verifies with, where it is signed for by a key pair.
    """

    name: str
    kind: str
    host: str
    events: tuple[str, ...]
    state: str
    reason: str | None
    disabled_at: datetime | None = None
    failing_since: datetime | None
    paused_until: datetime | None = None
    public_keys: tuple[str, ...] = ()
    released: int | None = None
    resent: int | None = None


class EndpointList(Answer):
    """All of them."""

    items: tuple[Endpoint, ...]


class DeliveryAttempt(Answer):
    """One try at a delivery; of what was answered nothing is kept but the status."""

    number: int
    at: datetime
    status: int | None
    result: str
    milliseconds: int | None = None


class Delivery(Answer):
    """One event on its way to one endpoint."""

    id: str
    endpoint: str
    kind: str | None = None
    event: str
    request_id: str | None
    state: str
    made_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[DeliveryAttempt, ...]


class DeliveryPage(Answer):
    """A page of deliveries."""

    items: tuple[Delivery, ...]
    next: str | None
