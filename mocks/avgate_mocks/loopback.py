"""Which addresses the mocks may call back: those of this machine and no others."""

from __future__ import annotations

from ipaddress import ip_address

import httpx


def on_loopback(address: str) -> bool:
    """Whether it is this machine that would be called: invented people must not leave it."""
    try:
        url = httpx.URL(address)
        here = url.host == "localhost" or ip_address(url.host).is_loopback
    except (httpx.InvalidURL, ValueError):
        return False
    return here and url.scheme == "http" and (url.port or 80) < 65_536
