"""Whose name a client calls in: a token, something that gives tokens, or client credentials."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from avgate_client.errors import CredentialsError
from avgate_contracts.credentials import ClientCredentials, Token
from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.http.authorization import Authorization, Fixed, Renewed
from avgate_contracts.http.header import header
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.token import TokenCalls, by_client_credentials

GivesToken: TypeAlias = Callable[[], str | Awaitable[str]]
Credentials: TypeAlias = str | GivesToken | ClientCredentials


def authorization(credentials: Credentials, calls: TokenCalls, runtime: Runtime) -> Authorization:
    """Gives the header for each call; raises CredentialsError for a token that no header holds.

    What gives tokens is asked for the first call and after a 401, once for all who wait.
    """
    if isinstance(credentials, str):
        try:
            return Fixed(header("authorization", f"Bearer {credentials}"))
        except InvalidIdentifierError:
            message = "the token cannot be sent in a header; look for a line break"
            raise CredentialsError(message) from None
    if isinstance(credentials, ClientCredentials):
        obtain = by_client_credentials(credentials, calls, runtime.now)
        return Renewed("Bearer", obtain, runtime.now)
    return Renewed("Bearer", _asking(credentials), runtime.now)


def _asking(gives: GivesToken) -> Callable[[Token | None], Awaitable[Token]]:
    async def obtain(previous: Token | None) -> Token:  # noqa: ARG001 -- who gives it knows which
        given = gives()
        return Token(await given if inspect.isawaitable(given) else given)

    return obtain
