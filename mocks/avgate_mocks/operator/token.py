"""Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.kernel import Kernel, json_response
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.people import CONTROLLERS, salt_of

LIFETIME_SECONDS = 300
_NOT_STORED = {"Cache-Control": "no-store"}


class Tokens:
    """Gives tokens to controllers and says whose a token is."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._given: dict[str, tuple[str, datetime]] = {}
        self._made = 0

    async def issue(self, request: Request) -> Response:
        """`POST /oauth2/token`; the client's secret in the Authorization header or in the form."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if "grant_type" not in form:
            return _oauth_error(400, "invalid_request")
        if form["grant_type"] != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type")
        client, secret = _basic(request) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if client not in CONTROLLERS or secret != self._kernel.world.secret("operator", client):
            return _oauth_error(401, "invalid_client")
        return self._new(client)

    def controller(self, request: Request) -> str:
        """Whose token came with this request.

        Raises RefusedError with status 401 if none came, or one that is unknown or has run out.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if self._kernel.token_expired(request):
            self._given.pop(token, None)
        controller, until = self._given.get(token, ("", self._kernel.clock.now()))
        if scheme.lower() != "bearer" or until <= self._kernel.clock.now():
            raise RefusedError(401)
        return controller

    def _new(self, client: str) -> Response:
        seconds = self._kernel.faults.lifetime(LIFETIME_SECONDS)
        self._made += 1
        token = f"{salt_of(self._kernel.world.seed, client, self._made):016x}"
        self._given[token] = (client, self._kernel.clock.now() + timedelta(seconds=seconds))
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return json_response(answer, headers=_NOT_STORED)


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return unquote_plus(client), unquote_plus(secret)


def _oauth_error(status: int, error: str) -> Response:
    challenge = {"WWW-Authenticate": 'Basic realm="operator"'} if status == 401 else {}
    return json_response({"error": error}, status, {**_NOT_STORED, **challenge})
