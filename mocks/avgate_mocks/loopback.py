"""Which addresses the mocks may call back, and how: those of this machine, and without TLS."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import Final

import httpx

# For clients that would else read the certificates of every authority, which takes 20 ms each.
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def on_loopback(address: str) -> bool:
    """Whether it is this machine that would be called: invented people must not leave it."""
    try:
        url = httpx.URL(address)
        here = url.host == "localhost" or ip_address(url.host).is_loopback
    except (httpx.InvalidURL, ValueError):
        return False
    return here and url.scheme == "http" and (url.port or 80) < 65_536
