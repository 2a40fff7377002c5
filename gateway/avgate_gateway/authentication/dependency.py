"""What a route writes to know its caller: `caller: Annotated[Caller, requires(Scope.READ)]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from avgate_gateway.authentication.caller import Caller
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.scope import MEANINGS, Scope
from avgate_gateway.authentication.verifier import Verifier
from avgate_gateway.problem import (
    AMBIGUOUS_REQUEST,
    CREDENTIALS_REQUIRED,
    INVALID_TOKEN,
    Problem,
    ProblemError,
)
from avgate_gateway.rates import Rates

_BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE)
_DESCRIPTION = "\n".join(
    (
        "An access token in the profile of RFC 9068, with the claim `controller`. Its scopes:\n",
        *(f"* `{scope.value}`: {meaning}" for scope, meaning in MEANINGS.items()),
    )
)
_declared = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description=_DESCRIPTION,
    auto_error=False,
)


def install(app: FastAPI, verifier: Verifier, rates: Rates | None = None) -> None:
    """Gives the routes of `app` the verifier that `requires` asks, and how often who may call."""
    app.state.verifier = verifier
    app.state.rates = rates or Rates()


def requires(*scopes: Scope) -> Any:
    """A dependency that gives the Caller, whose token must carry every scope that is named.

    Raises ProblemError: 401 without a believed token, 403 with the missing scope named, and 429 where
    one client, or one peer without a believed token, called too often.
    """
    return Security(_caller, scopes=[scope.value for scope in scopes])


def caller_of(request: Request) -> Caller | None:
    """Who made a call, once a route knows it; a call that was refused for its scope has one too."""
    known: Caller | None = getattr(request.state, "caller", None)
    return known


async def _caller(
    request: Request,
    needed: SecurityScopes,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(_declared)],
) -> Caller:
    return await authenticated(request, needed.scopes)


async def authenticated(request: Request, scopes: Sequence[str] = ()) -> Caller:
    """Whoever makes a call, whose token carries these scopes; raises as `requires` says."""
    verifier: Verifier = request.app.state.verifier
    rates: Rates = request.app.state.rates
    try:
        found = await verifier.caller(_token(request))
    except InvalidTokenError as error:
        rates.refused(request.scope)
        raise ProblemError(_invalid(str(error))) from None
    await rates.client(request.scope, found.controller, found.client_id)
    request.state.caller = found
    for scope in scopes:
        found.must_hold(Scope(scope))
    return found


async def is_still_authenticated(request: Request, *scopes: Scope) -> bool:
    """Whether whoever made a call that goes on may go on: a token runs out, and may be revoked."""
    verifier: Verifier = request.app.state.verifier
    try:
        found = await verifier.caller(_token(request))
        for scope in scopes:
            found.must_hold(scope)
    except (InvalidTokenError, ProblemError):
        return False
    return True


def _token(request: Request) -> str:
    """The token in the Authorization header: nowhere else is looked (RFC 9700 section 4.3.2)."""
    sent = request.headers.getlist("authorization")
    if len(sent) > 1:
        raise ProblemError(Problem(AMBIGUOUS_REQUEST, "The header authorization may come once."))
    match = _BEARER.fullmatch(sent[0]) if sent else None
    if match is None:
        request.app.state.rates.refused(request.scope)
        headers = {"www-authenticate": "Bearer"}
        raise ProblemError(Problem(CREDENTIALS_REQUIRED, headers=headers))
    return match[1]


def _invalid(reason: str) -> Problem:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    detail = f"{reason[0].upper()}{reason[1:]}."
    return Problem(INVALID_TOKEN, detail, headers={"www-authenticate": challenge})
