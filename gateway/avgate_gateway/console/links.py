"""Links that sign one person in once: how the gateway lets staff in while no issuer is set."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

SIGN_IN: Final = "/console/sign-in"
LINK_SECONDS: Final = 600


def console_audience(audience: str) -> str:
    """A link signs in to the console and is no access token; nor is an access token a link."""
    return f"{audience}/console"


def link(address: str, code: str) -> str:
    """What is opened in a browser."""
    return f"{address.rstrip('/')}{SIGN_IN}?code={quote(code, safe='')}"
