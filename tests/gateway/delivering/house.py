"""A database with endpoints, and those who send for it, in a time that only tests push on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.gateway.receiver import SECRET

from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_contracts.http.road import Road
from avgate_gateway.notice import Event, Told
from avgate_gateway.settings import ControllerSettings
from avgate_gateway.settings.webhook import WebhookSettings
from avgate_gateway.store import deliveries, endpoints, evidence, outbox
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import Attempt, Delivery, DeliveryState, Wanted
from avgate_gateway.webhooks.delivering import Deliverer
from avgate_gateway.webhooks.outlets import WebhookForm

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHO = "libervoice"
SOON = 10  # seconds; long before that something has come or never will


@dataclass
class House:
    """A database with endpoints, and those who send for it, in a time that only tests push on."""

    database: Database
    hooks: dict[str, WebhookSettings]
    now: datetime = NOON
    senders: list[Deliverer] = field(default_factory=list)
    road: Road | None = None

    def sender(self, seconds: float = 15.0) -> Deliverer:
        own = ControllerSettings(title="L", retention="libervoice-2019", webhooks=self.hooks)
        self.hooks = dict(own.webhooks)
        runtime = Runtime(
            transport=lambda: Network(road=self.road),
            now=lambda: self.now,
            random=random.Random(7),  # noqa: S311 -- chance that repeats
        )
        self.senders.append(
            Deliverer(self.database, {"webhook": WebhookForm({WHO: own})}, runtime, seconds)
        )
        return self.senders[-1]

    def hook(self, name: str, url: str, **more: object) -> None:
        self.hooks[name] = WebhookSettings.model_validate({"url": url, "secret": SECRET, **more})

    async def write(self, *names: str, event: Event = Event.CLOSED) -> list[str]:
        body = Told(event, self.now, {"request_id": "r-1"}).body()
        rows = [outbox.row(self.now, WHO, "webhook", n, event, body, "r-1") for n in names]
        async with self.database.write() as db:
            await db.execute(outbox.ADD, rows)
        return [row["id"] for row in rows]

    async def send(self, by: Deliverer | None = None, **later: float) -> None:
        """Time passes, and what is due then is sent."""
        self.now += timedelta(**later)
        sender = by or (self.senders or [self.sender()])[0]
        await sender.sweep()
        await sender.idle()

    async def listed(self, state: DeliveryState | None = None) -> list[Delivery]:
        async with self.database.read() as db:
            found = await deliveries.listed(db, Wanted(WHO, state, None, None, None, 500))
        return list(found)

    async def one(self, delivery_id: str) -> Delivery:
        async with self.database.read() as db:
            found = await deliveries.find(db, delivery_id, WHO)
        assert found is not None
        return found

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        async with self.database.read() as db:
            return list((await deliveries.attempts(db, [delivery_id])).get(delivery_id, ()))

    async def standing(self, name: str) -> endpoints.Standing:
        async with self.database.read() as db:
            return (await endpoints.all_of(db)).get((WHO, name), endpoints.Standing())

    async def told(self) -> list[str]:
        async with self.database.read() as db:
            return [entry.event for entry in await evidence.entries(db)]


async def until(told: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON):
        while not told():  # noqa: ASYNC110 -- a server in another task
            await asyncio.sleep(0.01)
