"""Fetches an issuer's public keys over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from pydantic import ValidationError

from avgate_contracts.connector import Limits
from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.http import Runtime, open_client
from avgate_contracts.http.network import Network
from avgate_contracts.settings import ConnectorSettings

_LARGEST = 256 * 1024
_LIMITS = Limits(concurrency=1, timeout=5.0, deadline=15.0, max_response_bytes=_LARGEST)


def fetch_over_http(
    address: str,
    private_networks: Sequence[str] = (),
    *,
    runtime: Runtime | None = None,
    limits: Limits = _LIMITS,
) -> Callable[[], Awaitable[bytes]]:
    """A fetch that follows no redirect, reads no large answer, and raises ConnectorError.

    It connects as connectors do: to public addresses, or to what the operator says is theirs.
    """

    async def fetch() -> bytes:
        settings = settings_for(address, private_networks)
        client = open_client(settings, limits, runtime or Runtime(transport=Network))
        try:
            return (await client.send("GET", address)).body
        finally:
            await client.aclose()

    return fetch


def settings_for(address: str, private_networks: Sequence[str]) -> ConnectorSettings:
    """What lets a client call one host; raises ContractBrokenError where it is none that may be called."""
    parts = urlsplit(address)
    try:
        return ConnectorSettings(
            base_url=f"{parts.scheme}://{parts.netloc}", private_networks=tuple(private_networks)
        )
    except ValidationError:
        raise ContractBrokenError("an address that was told cannot be called") from None
