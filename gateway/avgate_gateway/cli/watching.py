"""Follows a request until nothing more happens to it by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

from avgate_contracts.http import Runtime
from avgate_gateway.cli.answers import RequestAnswer
from avgate_gateway.cli.gateway_client import GatewayClient

_EVERY_SECONDS = 0.3


async def watched(
    client: GatewayClient, request_id: str, *, seconds: float, runtime: Runtime | None = None
) -> AsyncIterator[RequestAnswer]:
    """The request each time that it is another than before; the last one may not be settled."""
    runtime = runtime or Runtime()
    end = runtime.monotonic() + seconds
    shown: RequestAnswer | None = None
    while True:
        now = await client.request(request_id)
        if now != shown:
            shown = now
            yield now
        if now.is_settled or runtime.monotonic() >= end:
            return
        await runtime.sleep(_EVERY_SECONDS)
