"""Signs access tokens with the gateway's own key."""

from __future__ import annotations

import time
from collections.abc import Iterable

from avgate_gateway.authentication import KeyFileError, Scope, mint, open_signing_key
from avgate_gateway.authentication.client_name import may_be_client
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.settings import Settings


def signed_token(
    settings: Settings, *, controller: str, client: str, scopes: Iterable[Scope], seconds: int,
    subject: str | None = None, audience: str | None = None,
) -> str:  # fmt: skip
    """A token for a client of a controller, or for a person behind it and another audience.

    Raises CommandError where none may be made.
    """
    if controller not in settings.controllers:
        known = ", ".join(sorted(settings.controllers))
        raise CommandError(f"no controller of that name; known are: {known}")
    if not settings.authentication.is_embedded:
        raise CommandError("tokens come from the configured issuer, not from here")
    if not may_be_client(client):
        message = "say who you are with --client, in printable ASCII; no other name is believed"
        raise CommandError(message)
    try:
        key = open_signing_key(settings.token_key_file)
    except KeyFileError as error:
        raise CommandError(str(error)) from None
    return mint(
        key,
        issuer=settings.authentication.issuer,
        audience=audience or settings.authentication.audience,
        controller=controller,
        client=client,
        scopes=scopes,
        lifetime=min(seconds, settings.authentication.token_seconds),
        now=time.time(),
        subject=subject,
    )
