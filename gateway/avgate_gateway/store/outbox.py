"""What is to be sent to others, written in the transaction of what it tells of: neither is there alone.

Nothing is written, and nothing read, for a controller of whom nobody wants to hear. What is written
are deliveries (`store.deliveries`); `webhooks.delivering` sends them, as often as it takes.

Another kind of notice, with a body and signature of its own, goes out by the same rows:

1. It gives `Database.outbox` an `Outlet` under the controllers that it is for (`Outbox.add`). That says
   at each event who wants it: a `kind` of at most 16 letters, the endpoints' names, and the body, whose
   ids and words must name no person. An endpoint is what is slow, paused or disabled as a whole; so a
   name is `kind:host` where addresses come with requests.
2. It gives the deliverer a `webhooks.form.Form` under the same kind. That says, when a delivery is about
   to be sent, its address, headers and bytes; it signs then, and may put other bytes in the place of
   the row's. What it cannot address any more it says by raising `UnaddressedError`.

Rows, claims, retries, pauses, the list of deliveries and their replay are the same for all kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

import sqlalchemy as sa

from avgate_gateway.notice import Event, Told
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.store.schema import request as request_table

_PLACE = "avgate.outbox"


@dataclass(frozen=True, slots=True)
class Described:
    """An endpoint as it is shown; `events` empty means all, `public_keys` are what it verifies with."""

    name: str
    kind: str
    host: str
    events: frozenset[Event] = frozenset()
    can_be_tested: bool = False
    public_keys: tuple[str, ...] = ()


class Outlet(Protocol):
    """Those who want to hear of a controller's requests in one form."""

    @property
    def kind(self) -> str:
        """Which form deliveries are sent in."""

    def endpoints(self, request: SubjectRequest, event: Event) -> Iterable[str]:
        """Who wants this event of this request, by the names of their endpoints."""

    def described(self) -> Iterable[Described]:
        """All the endpoints that there may be, as they are shown and enabled by name."""

    def body(self, request: SubjectRequest, told: Told) -> str:
        """What is sent, as text; `told.data` has the request's state of now."""


class Follower(Protocol):
    """Looks at what became of a request with each event, and writes deliveries of its own (`row`)."""

    async def follow(
        self, db: Connection, at: datetime, request: SubjectRequest, event: Event
    ) -> None:
        """Is called in the transaction of the event, after the change that it tells of."""


@dataclass(slots=True)
class Outbox:
    """The outlets of each controller; empty in a process that only reads, and in a test."""

    outlets: dict[str, tuple[Outlet, ...]] = field(default_factory=dict)
    followers: dict[str, tuple[Follower, ...]] = field(default_factory=dict)

    def add(self, controller: str, outlet: Outlet) -> None:
        """Has an outlet told of what happens to a controller's requests."""
        self.outlets[controller] = (*self.outlets.get(controller, ()), outlet)

    def follow(self, controller: str, follower: Follower) -> None:
        """Has a follower look at a controller's requests with each event."""
        self.followers[controller] = (*self.followers.get(controller, ()), follower)

    def give_to(self, info: MutableMapping[Any, Any]) -> None:
        info[_PLACE] = self


async def tell(
    db: Connection, at: datetime, request: SubjectRequest, event: Event, **more: Any
) -> None:
    """Writes down what is to be sent of an event, after the change that it tells of."""
    outbox: Outbox | None = db.info.get(_PLACE)
    if outbox is None:
        return
    for follower in outbox.followers.get(request.controller, ()):
        await follower.follow(db, at, request, event)
    outlets: Sequence[Outlet] = outbox.outlets.get(request.controller, ())
    wanted = [(outlet, name) for outlet in outlets for name in outlet.endpoints(request, event)]
    if not wanted:
        return
    state, waiting_for, version = (await db.execute(_NOW, {"request_id": request.id})).one()
    data = {
        "request_id": request.id,
        "operation": request.operation.value,
        "state": state,
        "waiting_for": waiting_for,
        "version": version,
        **more,
    }
    told = Told(event, at, data)
    bodies = {outlet.kind: outlet.body(request, told) for outlet, _ in wanted}
    rows = [
        row(at, request.controller, outlet.kind, name, event, bodies[outlet.kind], request.id)
        for outlet, name in wanted
    ]
    await db.execute(ADD, rows)


def row(
    at: datetime,
    controller: str,
    kind: str,
    endpoint: str,
    event: Event,
    body: str,
    request_id: str | None = None,
) -> dict[str, Any]:
    """A delivery that is to be sent at once, as `ADD` takes it."""
    return {
        "id": str(uuid4()),
        "controller": controller,
        "kind": kind,
        "endpoint": endpoint,
        "request_id": request_id,
        "event": event.value,
        "body": body,
        "made_at": at,
        "state": "waiting",
        "next_at": at,
        "attempts": 0,
        "tries": 0,
    }


ADD = delivery.insert()
_NOW = sa.select(request_table.c.state, request_table.c.waiting_for, request_table.c.version).where(
    request_table.c.id == sa.bindparam("request_id")
)
