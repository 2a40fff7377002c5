"""Who is believed: callers with tokens of an issuer, or of ours, and staff with links."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from avgate_gateway.authentication import (
    ClaimNames,
    FixedKeys,
    Keys,
    Revocation,
    RotatingKeys,
    StepUp,
    TokenPolicy,
    Verifier,
    open_signing_key,
    read_key_file,
)
from avgate_gateway.console.links import LINK_SECONDS, console_audience
from avgate_gateway.discovering import fetch_discovered
from avgate_gateway.key_fetching import fetch_over_http
from avgate_gateway.revoking import reading
from avgate_gateway.settings import Settings, StepUpSettings
from avgate_gateway.store.database import Database


def verifier(settings: Settings, database: Database) -> Verifier:
    """Who is believed: the configured issuer, or the key made here on first start."""
    own = settings.authentication
    policy = TokenPolicy(
        issuer=own.named_issuer,
        audience=own.audience,
        controllers=frozenset(settings.controllers),
        longest_seconds=own.token_seconds,
        several_audiences=own.several_audiences,
        plain_jwt=own.plain_jwt,
        claims=ClaimNames(**own.claims.model_dump()),
        controller_of_client={
            client: name for name, one in settings.controllers.items() for client in one.clients
        },
        step_up=_step_up(own.step_up),
    )
    revocation = Revocation(reading(database), time.monotonic)
    return Verifier(policy, _keys(settings), time.time, revocation=revocation)


def _step_up(asked: StepUpSettings | None) -> StepUp | None:
    if asked is None:
        return None
    scopes = frozenset(scope.value for scope in asked.scopes)
    return StepUp(scopes, asked.acr, asked.max_age_seconds)


def _keys(settings: Settings) -> Keys:
    own = settings.authentication
    if own.issuer_url is not None:
        return RotatingKeys(
            fetch_discovered(
                own.issuer_url, partial(fetch_over_http, private_networks=own.private_networks)
            ),
            time.monotonic,
        )
    if own.jwks_url is not None:
        return RotatingKeys(fetch_over_http(own.jwks_url, own.private_networks), time.monotonic)
    if own.jwks_file is not None:
        return RotatingKeys(read_key_file(own.jwks_file), time.monotonic)
    return FixedKeys([open_signing_key(settings.token_key_file).public()])


def link_verifier(settings: Settings, database: Database, now: Callable[[], datetime]) -> Verifier:
    """Who is let in to the console by a link of our own, for want of an issuer."""
    own = settings.authentication
    policy = TokenPolicy(
        issuer=own.issuer,
        audience=console_audience(own.audience),
        controllers=frozenset(settings.controllers),
        longest_seconds=LINK_SECONDS,
    )
    keys = FixedKeys([open_signing_key(settings.token_key_file).public()])
    revocation = Revocation(reading(database), time.monotonic)
    return Verifier(policy, keys, lambda: now().timestamp(), revocation=revocation)
