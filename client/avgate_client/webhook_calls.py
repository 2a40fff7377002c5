"""The calls below `/v1/webhooks`: who is told of events, what was sent, and sending it again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

from avgate_client.answers import Delivery, DeliveryPage, Endpoint, EndpointList
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.paging import pages
from avgate_client.reading import read


class WebhookCalls:
    """Every call about what others are told; raises AvgateErrors."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def webhook_endpoints(self) -> tuple[Endpoint, ...]:
        """Who is told of the controller's events, and whether they still are."""
        return read(await self._line.send(Outgoing("GET", "/v1/webhooks")), EndpointList).items

    async def deliveries(
        self, *,
        state: str | None = None, endpoint: str | None = None, request_id: str | None = None,
        page_size: int = 200,
    ) -> AsyncGenerator[Delivery, None]:  # fmt: skip
        """What was sent, newest first."""
        wanted = {"state": state, "endpoint": endpoint, "request_id": request_id}
        path = "/v1/webhooks/deliveries"
        async with aclosing(pages(self._line, path, DeliveryPage, wanted, page_size)) as found:
            async for page in found:
                for delivery in page.items:
                    yield delivery

    async def replay_delivery(self, delivery_id: str) -> Delivery:
        """Sends a delivery again under its id; made twice it is sent twice, so nothing repeats it."""
        path = "/v1/webhooks/deliveries/{id}/replay"
        outgoing = Outgoing("POST", path, ids={"id": delivery_id})
        return read(await self._line.send(outgoing), Delivery)

    async def enable_endpoint(self, name: str) -> Endpoint:
        """Sends to an endpoint again, what was held too."""
        path = "/v1/webhooks/endpoints/{name}/enable"
        outgoing = Outgoing("POST", path, ids={"name": name}, repeatable=True)
        return read(await self._line.send(outgoing), Endpoint)

    async def resend_failed(self, name: str, since: datetime) -> Endpoint:
        """Sends all again that failed since a moment; the same again finds nothing left to send."""
        path = "/v1/webhooks/endpoints/{name}/resend"
        outgoing = Outgoing(
            "POST", path, ids={"name": name}, json={"since": since.isoformat()}, repeatable=True
        )
        return read(await self._line.send(outgoing), Endpoint)

    async def test_endpoint(self, name: str) -> Delivery:
        """Sends a `webhook.test` to an endpoint; made twice it is sent twice, as with a replay."""
        path = "/v1/webhooks/endpoints/{name}/test"
        outgoing = Outgoing("POST", path, ids={"name": name})
        return read(await self._line.send(outgoing), Delivery)
