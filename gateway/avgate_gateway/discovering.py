"""Finds an issuer's public keys by its address (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from avgate_contracts.errors import ContractBrokenError
from avgate_gateway import strict_json
from avgate_gateway.key_fetching import fetch_over_http
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings import safe_address

_WELL_KNOWN = "/.well-known/openid-configuration"
Fetch = Callable[[], Awaitable[bytes]]


def fetch_discovered(issuer: str, fetching: Callable[[str], Fetch] = fetch_over_http) -> Fetch:
    """A fetch of the keys that an issuer names in its metadata, which is read anew each time.

    Raises ConnectorError: where it cannot be had, where another issuer tells it, or where the keys
    are at an address that `jwks_url` could not be.
    """
    metadata = fetching(issuer.removesuffix("/") + _WELL_KNOWN)

    async def fetch() -> bytes:
        return await fetching(_keys_at(await metadata(), issuer))()

    return fetch


def _keys_at(document: bytes, issuer: str) -> str:
    try:
        told = strict_json.parse(document)
    except strict_json.StrictJsonError:
        raise ContractBrokenError("the issuer's metadata is not plain JSON") from None
    if not isinstance(told, dict) or told.get("issuer") != issuer:
        raise ContractBrokenError("the metadata is another issuer's")  # Discovery section 4.3
    address = told.get("jwks_uri")
    try:
        return safe_address(address if isinstance(address, str) else "")
    except WrongValueError:
        raise ContractBrokenError("the issuer names no safe address for its keys") from None
