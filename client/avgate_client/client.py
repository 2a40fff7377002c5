"""A conversation with one gateway, in the name of one client."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import ValidationError

from avgate_client.credentials import Credentials, authorization
from avgate_client.errors import InvalidCallError
from avgate_client.line import Line
from avgate_client.request_calls import RequestCalls
from avgate_client.result_calls import ResultCalls
from avgate_client.retrying import Patience
from avgate_client.service_calls import ServiceCalls
from avgate_client.webhook_calls import WebhookCalls
from avgate_contracts.connector import Limits
from avgate_contracts.credentials import ClientCredentials
from avgate_contracts.destination import PRIVATE, Destinations
from avgate_contracts.errors import ConnectorError
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.library import network, quiet
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.token import TokenCalls
from avgate_contracts.http.tries import Tries
from avgate_contracts.http.wire import Wire
from avgate_contracts.settings import ConnectorSettings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_USUAL = Patience()
_CONNECTIONS = 16
_MUST = "the address of the gateway must be https, or http on this machine"


class AvgateClient(RequestCalls, ResultCalls, ServiceCalls, WebhookCalls):
    """Made for one gateway and one token; used by as many tasks as you like, and closed once.

    `token`: an access token, a function that gives one (async or not), or ClientCredentials of an
    OAuth 2.0 token endpoint. It is sent over https only, and in the clear to this machine alone.
    `runtime`: another transport (your own certificates, a mock), or the clock of a test.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Credentials,
        patience: Patience = _USUAL,
        runtime: Runtime | None = None,
    ) -> None:
        """Opens no connection yet; raises InvalidCallError, CredentialsError."""
        super().__init__(_line(url.rstrip("/"), token, patience, runtime or Runtime()))

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._line.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _line(url: str, token: Credentials, patience: Patience, runtime: Runtime) -> Line:
    quiet()
    limits = Limits(
        concurrency=_CONNECTIONS,
        timeout=patience.timeout,
        deadline=patience.deadline,
        attempts=patience.attempts,
        longest_wait=patience.longest_wait,
    )
    addresses = _addresses(url, token)
    transport = runtime.transport() if runtime.transport else network(limits)
    calls = TokenCalls(addresses, Tries(transport, limits, runtime))
    wire = Wire(transport, limits, runtime)
    return Line(addresses, wire, authorization(token, calls, runtime), patience, runtime)


def _addresses(url: str, token: Credentials) -> Addresses:
    """What may be called: the gateway, and the endpoint that gives its tokens."""
    called = [url, *([token.token_url] if isinstance(token, ClientCredentials) else [])]
    if not all(map(_is_safe, called)):
        raise InvalidCallError(_MUST)
    try:
        private = tuple(map(str, PRIVATE))  # whoever names a gateway knows where it is
        settings = [ConnectorSettings(base_url=one, private_networks=private) for one in called]
        hosts = frozenset().union(*(one.hosts() for one in settings))
        return Addresses(url, hosts, Destinations.of(hosts, private))
    except (ValidationError, ConnectorError):
        raise InvalidCallError(_MUST) from None


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
