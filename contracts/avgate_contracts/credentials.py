"""How an upstream wants its callers to prove who they are: declared here, carried out by http."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from pydantic import SecretStr

from avgate_contracts.record import Json


@dataclass(frozen=True, slots=True)
class NoCredentials:
    """The upstream asks for none."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A fixed token in the Authorization header."""

    token: SecretStr


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and password, RFC 7617."""

    username: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A fixed key in a header of the upstream's choosing."""

    header: str
    key: SecretStr


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials, RFC 6749 section 4.4."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A session or access token, what renews it, and when it ends (aware, UTC)."""

    value: str = field(repr=False)
    expires_at: datetime | None = None
    renewal: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The upstream's answer to a request for a token; `body` is None where it was not JSON."""

    status: int
    body: Json = field(repr=False)


class Exchange(Protocol):
    """One unauthenticated POST of JSON to the upstream, for getting a token."""

    def __call__(
        self, path: str, body: Json, *, headers: Mapping[str, str] | None = None
    ) -> Awaitable[TokenAnswer]: ...


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in of the upstream's own kind.

    `obtain(exchange, previous)` gets a token, renewing `previous` if there is one; it is called by
    one caller at a time, and once more with `previous` after a 401. Raises a ConnectorError.
    The token is sent as `Authorization: <scheme> <token>`.
    """

    scheme: str
    obtain: Callable[[Exchange, Token | None], Awaitable[Token]]


Credentials: TypeAlias = NoCredentials | Bearer | Basic | ApiKey | ClientCredentials | Session
