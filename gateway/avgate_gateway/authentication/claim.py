"""The claims of a token whose signature holds, checked one by one (RFC 9068 section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from avgate_gateway.authentication.caller import Caller
from avgate_gateway.authentication.policy import TokenPolicy
from avgate_gateway.authentication.scope import Scope

_LONGEST_NAME = 200  # what the columns hold that such a name is written to
_CLIENT = re.compile(
    r"[ -~]*[!-~][ -~]*"
)  # RFC 6749 appendix A.1; no letter that looks like another


class InvalidTokenError(Exception):
    """A token that is not believed; the message says why and repeats nothing of it."""


def caller(claims: Mapping[str, Any], policy: TokenPolicy, now: float) -> Caller:
    """Who the claims say is calling; `now` in seconds since 1970. Raises InvalidTokenError.

    joserfc's own registry is not used for this: it takes `exp` strictly at the end of the
    leeway, any list that holds our audience, and tokens of any length of life.
    """
    if claims.get("iss") != policy.issuer:
        raise InvalidTokenError("the token is from another issuer")
    _check_audience(claims.get("aud"), policy)
    _check_times(claims, policy, now)
    _name(claims, "jti")
    controller = _name(claims, "controller")
    if controller not in policy.controllers:
        raise InvalidTokenError("the token is for a controller that is not served here")
    return Caller(_client(claims), controller, _scopes(claims), _name(claims, "sub"))


def expiry(claims: Mapping[str, Any]) -> float:
    """When a token ends, in seconds since 1970. Raises InvalidTokenError."""
    return _moment(claims, "exp")


def _check_audience(audience: object, policy: TokenPolicy) -> None:
    several = audience if isinstance(audience, list) else [audience]
    if policy.audience not in several or (len(several) > 1 and not policy.several_audiences):
        raise InvalidTokenError("the token is for another audience")


def _check_times(claims: Mapping[str, Any], policy: TokenPolicy, now: float) -> None:
    issued, ends = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if now - ends > policy.skew_seconds:
        raise InvalidTokenError("the token has expired")
    if max(issued, begins) - now > policy.skew_seconds:
        raise InvalidTokenError("the token is not valid yet")
    if not 0 < ends - issued <= policy.longest_seconds:
        raise InvalidTokenError(f"a token may live {policy.longest_seconds} seconds")


def _moment(claims: Mapping[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTokenError(f"the claim {claim} must be a number")
    return float(value)


def _name(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        raise InvalidTokenError(f"the claim {claim} must be a text of 1 to {_LONGEST_NAME}")
    return value


def may_be_client(name: str) -> bool:
    """Whether a client may have this name: printable ASCII, so that no two look the same."""
    return len(name) <= _LONGEST_NAME and _CLIENT.fullmatch(name) is not None


def _client(claims: Mapping[str, Any]) -> str:
    name = _name(claims, "client_id")
    if not may_be_client(name):
        raise InvalidTokenError("the claim client_id must be printable ASCII")
    return name


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Those scopes that are ours; an issuer may put other systems' beside them."""
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise InvalidTokenError("the claim scope must be a text")
    return frozenset(value.split(" ")) & frozenset(scope.value for scope in Scope)
