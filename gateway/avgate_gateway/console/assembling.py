"""Puts the console together as the settings say."""

from __future__ import annotations

from starlette.types import ASGIApp

from avgate_contracts.http import Runtime
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.believing import link_verifier
from avgate_gateway.console.application import console
from avgate_gateway.oidc.provider import Provider
from avgate_gateway.settings import Settings


def console_of(settings: Settings, gateway: Gateway, runtime: Runtime) -> ASGIApp:
    """The pages, and who is let in there: by the provider, or by a link of our own."""
    links = link_verifier(settings, gateway.context.database, gateway.context.now)
    url, oidc = settings.console_url or "", settings.console.oidc
    return console(
        gateway, links, settings.console, has_own_links=settings.authentication.is_embedded,
        provider=Provider(oidc, url, runtime) if oidc is not None else None,
        is_https=url.startswith("https:"),
    )  # fmt: skip
