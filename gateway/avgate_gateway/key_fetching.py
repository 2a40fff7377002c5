"""Fetches an issuer's public keys over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from avgate_contracts.connector import Limits
from avgate_contracts.http import Runtime, open_client
from avgate_contracts.settings import ConnectorSettings

_LARGEST = 256 * 1024


def fetch_over_http(address: str) -> Callable[[], Awaitable[bytes]]:
    """A fetch that follows no redirect, reads no large answer, and raises ConnectorError."""
    parts = urlsplit(address)
    settings = ConnectorSettings(base_url=f"{parts.scheme}://{parts.netloc}")
    limits = Limits(concurrency=1, timeout=5.0, deadline=15.0, max_response_bytes=_LARGEST)

    async def fetch() -> bytes:
        client = open_client(settings, limits, Runtime())
        try:
            return (await client.send("GET", address)).body
        finally:
            await client.aclose()

    return fetch
