"""Putting a client together from a connector's settings."""

from __future__ import annotations

from contextlib import suppress
from typing import assert_never

from avgate_contracts.connector import Limits
from avgate_contracts.credentials import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    NoCredentials,
    Session,
)
from avgate_contracts.destination import Destinations
from avgate_contracts.errors import InvalidIdentifierError, MisconfiguredError
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.authorization import Authorization, Fixed, Renewed
from avgate_contracts.http.client import HttpClient
from avgate_contracts.http.confined import Confined
from avgate_contracts.http.header import header
from avgate_contracts.http.library import network, quiet
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.token import TokenCalls, basic, by_client_credentials, by_session
from avgate_contracts.http.tries import Tries
from avgate_contracts.settings import ConnectorSettings


def open_client(settings: ConnectorSettings, limits: Limits, runtime: Runtime) -> HttpClient:
    """The client for one connector of one controller; kept as long as both, then closed.

    Raises MisconfiguredError if an address in the settings is not on one of their own hosts, or
    a secret cannot be sent.
    """
    quiet()
    destinations = Destinations.of(settings.hosts(), settings.private_networks)
    addresses = Addresses(settings.base_url, settings.hosts(), destinations)
    inner = runtime.transport() if runtime.transport else network(limits)
    transport = Confined(inner, destinations)
    tries = Tries(transport, limits, runtime, passes_trace=settings.passes_trace)
    calls = TokenCalls(addresses, tries)
    return HttpClient(addresses, tries, _authorization(settings, calls, runtime), runtime)


def _authorization(
    settings: ConnectorSettings, calls: TokenCalls, runtime: Runtime
) -> Authorization:
    match settings.credentials():
        case NoCredentials():
            return Fixed(None)
        case Bearer(token):
            return _fixed("authorization", f"Bearer {token.get_secret_value()}")
        case Basic(username, password):
            return _fixed("authorization", basic(username, password.get_secret_value()))
        case ApiKey(name, key):
            return _fixed(name, key.get_secret_value())
        case ClientCredentials() as client:
            calls.addresses.check(client.token_url)
            return Renewed("Bearer", by_client_credentials(client, calls, runtime.now), runtime.now)
        case Session() as session:
            return Renewed(session.scheme, by_session(session, calls), runtime.now)
        case unknown:
            assert_never(unknown)


def _fixed(name: str, value: str) -> Fixed:
    with suppress(InvalidIdentifierError):
        return Fixed(header(name, value))
    raise MisconfiguredError(
        "a secret or its header holds characters that HTTP cannot send; look for a line break"
    )
