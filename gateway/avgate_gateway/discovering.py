"""Finds an issuer's public keys by its address (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from avgate_contracts.destination import is_this_machine
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
    metadata = fetching(metadata_address(issuer))

    async def fetch() -> bytes:
        told = metadata_of(await metadata(), issuer)
        return await fetching(address_in(told, "jwks_uri", issuer))()

    return fetch


def metadata_address(issuer: str) -> str:
    """Where an issuer tells about itself."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def metadata_of(document: bytes, issuer: str) -> Mapping[str, Any]:
    """What an issuer tells about itself; raises ContractBrokenError for another's."""
    try:
        told = strict_json.parse(document)
    except strict_json.StrictJsonError:
        raise ContractBrokenError("the issuer's metadata is not plain JSON") from None
    if not isinstance(told, dict) or told.get("issuer") != issuer:
        raise ContractBrokenError("the metadata is another issuer's")  # Discovery section 4.3
    return told


def address_in(told: Mapping[str, Any], name: str, issuer: str) -> str:
    """An address that an issuer tells; raises ContractBrokenError for one that no setting could hold.

    This machine may be meant by an issuer of this machine alone: what an issuer elsewhere tells is
    an answer, and leads to nothing in here.
    """
    address = told.get(name)
    try:
        safe = safe_address(address if isinstance(address, str) else "")
    except WrongValueError:
        raise ContractBrokenError(f"the issuer names no safe address as {name}") from None
    if _is_here(safe) and not _is_here(issuer):
        raise ContractBrokenError(f"the issuer names this machine as {name}")
    return safe


def _is_here(address: str) -> bool:
    return is_this_machine((urlsplit(address).hostname or "").lower())
