"""Getting a token: OAuth 2.0 client credentials, or a log-in of the upstream's own kind."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.rfc6749 import OAuth2Token  # type: ignore[import-untyped]  # ships no types

from avgate_contracts.credentials import ClientCredentials, Session, Token, TokenAnswer
from avgate_contracts.errors import ContractBrokenError, MisconfiguredError
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.answer import Response
from avgate_contracts.http.authorization import Fixed
from avgate_contracts.http.body import encoded
from avgate_contracts.http.call import Call
from avgate_contracts.http.header import headers
from avgate_contracts.http.path import NO_IDS
from avgate_contracts.http.tries import Tries
from avgate_contracts.record import Json

_NOBODY = Fixed(None)
_FORM = "application/x-www-form-urlencoded"
# Answers that say no. The rest is treated as with every call: waited for, repeated, or broken.
_NO = frozenset({*range(400, 500), 501, 505}) - {408, 423, 425, 429}

Obtain = Callable[[Token | None], Awaitable[Token]]


@dataclass(frozen=True, slots=True)
class TokenCalls:
    """Calls without credentials, on the same hosts and within the same limits as all others.

    But for one: they take no place at the upstream, or they would queue behind those who hold one
    and wait for the token. One is fetched at a time. They may be repeated, and a lost answer leaves nothing to be read back: a token is asked anew.
    """

    addresses: Addresses
    tries: Tries

    async def exchange(
        self, path: str, body: Json, *, headers: Mapping[str, str] | None = None
    ) -> TokenAnswer:
        """One POST of JSON; raises a ConnectorError where there is no answer at all."""
        answer = await self.post(path, encoded(body), "application/json", headers)
        return TokenAnswer(answer.status, _json(answer))

    async def post(
        self, path: str, content: bytes, media_type: str, given: Mapping[str, str] | None
    ) -> Response:
        """One POST whose refusals are answers too."""
        call = Call(
            method="POST",
            label="(token)",
            url=self.addresses.url(path, NO_IDS, None),
            headers=headers(given, accept="application/json", content_type=media_type, key=None),
            content=content,
            accept=_NO,
            repeatable=True,
            write=False,
            placeless=True,
        )
        return await self.tries.send(call, _NOBODY)


def by_client_credentials(
    credentials: ClientCredentials, calls: TokenCalls, now: Callable[[], datetime]
) -> Obtain:
    """RFC 6749 section 4.4, the client known by HTTP Basic as in section 2.3.1."""
    fields = {"grant_type": "client_credentials"}
    if credentials.scope:
        fields["scope"] = credentials.scope
    content = urlencode(fields).encode("ascii")
    proof = {
        "authorization": basic(
            quote_plus(credentials.client_id),
            quote_plus(credentials.client_secret.get_secret_value()),
        )
    }

    async def obtain(previous: Token | None) -> Token:  # noqa: ARG001 -- this grant renews nothing
        answer = await calls.post(credentials.token_url, content, _FORM, proof)
        if answer.status >= 400:
            raise MisconfiguredError(
                f"the token endpoint refused the client with status {answer.status}; "
                "check client id, secret and scope"
            )
        return _token(answer.json(), now())

    return obtain


def by_session(credentials: Session, calls: TokenCalls) -> Obtain:
    """The connector's own log-in."""

    async def obtain(previous: Token | None) -> Token:
        return await credentials.obtain(calls.exchange, previous)

    return obtain


def basic(username: str, password: str) -> str:
    """The value of a Basic Authorization header: RFC 7617."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def _token(body: Json, now: datetime) -> Token:
    """A token answer, RFC 6749 section 5.1; its end is by our clock, in whole seconds."""
    fields = body if isinstance(body, dict) else {}
    life = _seconds(fields.get("expires_in"))
    end = None if life is None else int(now.timestamp()) + life
    token = OAuth2Token({**fields, "expires_in": life, "expires_at": end})
    value, kind = token.get("access_token"), token.get("token_type")
    if not isinstance(value, str) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise ContractBrokenError("the token endpoint's answer holds no bearer token")
    return Token(value, None if life is None else now + timedelta(seconds=life))


def _seconds(value: Json) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _json(answer: Response) -> Json:
    try:
        return answer.json()
    except ContractBrokenError:
        return None
