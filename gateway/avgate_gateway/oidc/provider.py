"""The provider, asked over the guarded client: where to send people, and what a code is worth."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]  # ships no types
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # ships no types
    prepare_grant_uri,
    prepare_token_request,
)

from avgate_contracts.connector import Limits
from avgate_contracts.errors import ConnectorError, ContractBrokenError
from avgate_contracts.http import Runtime, open_client
from avgate_contracts.http.network import Network
from avgate_contracts.http.token import basic
from avgate_gateway.authentication import RotatingKeys, signed
from avgate_gateway.discovering import (
    address_in,
    fetch_discovered,
    metadata_address,
    metadata_of,
)
from avgate_gateway.key_fetching import fetch_over_http, settings_for
from avgate_gateway.oidc.id_token import LOGOUT_TYPES, TYPES, Over, over
from avgate_gateway.oidc.transaction import Transaction
from avgate_gateway.settings import OidcSettings

_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]{1,8192}=*\Z")  # RFC 6750 section 2.1
_FORM = "application/x-www-form-urlencoded"
_FRESH_SECONDS = 300.0
_PAUSE_SECONDS = 5.0  # between two tries, however many people want to sign in
_LIMITS = Limits(concurrency=1, timeout=5.0, deadline=10.0, max_response_bytes=256 * 1024)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code is worth: the claims of an ID token, and what opens UserInfo, if the answer holds it."""

    claims: Mapping[str, Any]
    access_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is asked what; `names_itself`: its answers say whose they are (RFC 9207)."""

    authorization: str
    token: str
    end_session: str | None
    userinfo: str | None
    names_itself: bool
    by_basic: bool


class Provider:
    """One provider as the settings name it; `monotonic` is in seconds and never jumps."""

    def __init__(
        self,
        settings: OidcSettings,
        console_url: str,
        runtime: Runtime | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.console_url = console_url.rstrip("/")
        self._runtime = runtime or Runtime(transport=Network)
        self._monotonic = monotonic
        fetching = partial(
            fetch_over_http, private_networks=settings.private_networks, runtime=self._runtime
        )
        self._metadata = fetching(metadata_address(settings.issuer_url))
        self._keys = RotatingKeys(fetch_discovered(settings.issuer_url, fetching), monotonic)
        self._known: Endpoints | None = None
        self._known_at = self._tried_at = -math.inf
        self._asking = asyncio.Lock()

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to: as it was configured, whatever Host was sent."""
        return f"{self.console_url}/console/sign-in/return"

    async def authorization(self, transaction: Transaction, max_age: int) -> str:
        """Where somebody is sent to sign in; raises ConnectorError."""
        known, own = await self.endpoints(), self.settings
        again = {"prompt": "login", "max_age": str(max_age)} if transaction.fresh else {}
        if own.acr:
            again["acr_values"] = " ".join(own.acr)
        return str(
            prepare_grant_uri(
                known.authorization, own.client_id, "code", self.redirect_uri, list(own.scopes),
                transaction.state, nonce=transaction.nonce, code_challenge=transaction.challenge,
                code_challenge_method="S256", **again,
            )
        )  # fmt: skip

    async def redeem(self, code: str, transaction: Transaction) -> Redeemed:
        """The ID token that a code is worth; its signature holds, and no more is said.

        A code is redeemed once and never tried again. Raises ConnectorError, InvalidTokenError.
        """
        body = prepare_token_request(
            "authorization_code",
            "",
            self.redirect_uri,
            code=code,
            code_verifier=transaction.verifier,
        )
        answer = await self._redeemed(str(body))
        held = answer if isinstance(answer, dict) else {}
        token, opens = held.get("id_token"), held.get("access_token")
        if not isinstance(token, str):
            raise ContractBrokenError("the provider's answer holds no ID token")
        claims = await signed(token, self._keys, TYPES)
        return Redeemed(claims, opens if isinstance(opens, str) and _BEARER.match(opens) else None)

    async def userinfo(self, redeemed: Redeemed) -> Any:
        """What else the provider says of somebody; None where it has no such place. Raises ConnectorError."""
        known = await self.endpoints()
        if known.userinfo is None or redeemed.access_token is None:
            return None
        settings = settings_for(known.userinfo, self.settings.private_networks)
        headers = {"authorization": f"Bearer {redeemed.access_token}"}
        async with open_client(settings, _LIMITS, self._runtime) as client:
            answer = await client.send("GET", known.userinfo, headers=headers, authenticated=False)
            return answer.json()

    async def over(self, logout_token: str, now: float) -> Over:
        """What a logout token says is over; raises InvalidTokenError, ProblemError (503)."""
        claims = await signed(logout_token, self._keys, LOGOUT_TYPES)
        return over(claims, self.settings.issuer_url, self.settings.client_id, now)

    async def farewell(self) -> str | None:
        """Where somebody is sent to sign out there too; None where the provider has no such place."""
        known = await self.endpoints()
        if known.end_session is None:
            return None
        back = f"{self.console_url}/console/sign-in"
        asked = [("client_id", self.settings.client_id), ("post_logout_redirect_uri", back)]
        return str(add_params_to_uri(known.end_session, asked))

    async def endpoints(self) -> Endpoints:
        """What the provider says of itself, as it said it within five minutes, or last."""
        async with self._asking:
            now = self._monotonic()
            is_old = now - self._known_at > _FRESH_SECONDS
            if is_old and now - self._tried_at > _PAUSE_SECONDS:
                self._tried_at = now
                try:
                    self._known, self._known_at = await self._asked(), now
                except ConnectorError:
                    if self._known is None:
                        raise
        if self._known is None:
            raise ContractBrokenError("the provider could not be asked a moment ago")
        return self._known

    async def _asked(self) -> Endpoints:
        issuer = self.settings.issuer_url
        told = metadata_of(await self._metadata(), issuer)
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        ends, more = "end_session_endpoint", "userinfo_endpoint"
        return Endpoints(
            address_in(told, "authorization_endpoint", issuer),
            address_in(told, "token_endpoint", issuer),
            address_in(told, ends, issuer) if ends in told else None,
            address_in(told, more, issuer) if more in told else None,
            told.get("authorization_response_iss_parameter_supported") is True,
            not isinstance(methods, list) or "client_secret_basic" in methods,
        )

    async def _redeemed(self, body: str) -> Any:
        known, own = await self.endpoints(), self.settings
        secret = own.client_secret.get_secret_value()
        headers = {"content-type": _FORM}
        if known.by_basic:
            headers["authorization"] = basic(quote_plus(own.client_id), quote_plus(secret))
        else:
            body += f"&client_id={quote_plus(own.client_id)}&client_secret={quote_plus(secret)}"
        settings = settings_for(known.token, own.private_networks)
        async with open_client(settings, _LIMITS, self._runtime) as client:
            answer = await client.send(
                "POST", known.token, content=body.encode("ascii"), headers=headers,
                repeatable=False, authenticated=False,
            )  # fmt: skip
            return answer.json()
