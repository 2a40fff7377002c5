"""The claims of a token whose signature holds, checked one by one (RFC 9068 section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avgate_gateway.authentication.caller import Caller
from avgate_gateway.authentication.client_name import LONGEST_NAME, may_be_client
from avgate_gateway.authentication.policy import TokenPolicy
from avgate_gateway.authentication.scope import Scope

_OF_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


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
    _check_is_for_access(claims)
    token_id(claims, policy)
    client_id = _client(claims, policy.claims.client)
    controller = _controller(claims, policy, client_id)
    if controller not in policy.controllers:
        raise InvalidTokenError("the token is for a controller that is not served here")
    scopes = _scopes(claims, policy.claims.scope)
    return Caller(client_id, controller, scopes, _name(claims, "sub"))


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
        raise InvalidTokenError(
            "the token is not valid yet; compare the clocks of who issued it and of the gateway"
        )
    if not 0 < ends - issued <= policy.longest_seconds:
        raise InvalidTokenError(f"a token may live {policy.longest_seconds} seconds")


def _moment(claims: Mapping[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTokenError(f"the claim {claim} must be a number")
    return float(value)


def _name(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
        raise InvalidTokenError(f"the claim {claim} must be a text of 1 to {LONGEST_NAME}")
    return value


def token_id(claims: Mapping[str, Any], policy: TokenPolicy) -> str:
    """By which one token is told from all others of its issuer. Raises InvalidTokenError."""
    return _name(claims, policy.claims.token_id)


def _check_is_for_access(claims: Mapping[str, Any]) -> None:
    """What only an ID token or a refresh token holds, where `typ` in the header does not tell."""
    kind = claims.get("typ", "Bearer")  # Keycloak tells it here
    if kind != "Bearer" or not _OF_ID_TOKENS.isdisjoint(claims):
        raise InvalidTokenError("only access tokens are accepted")


def _client(claims: Mapping[str, Any], claim: str) -> str:
    name = _name(claims, claim)
    if not may_be_client(name):
        raise InvalidTokenError(f"the claim {claim} must be printable ASCII")
    return name


def _controller(claims: Mapping[str, Any], policy: TokenPolicy, client_id: str) -> str:
    """Whom the client acts for: as the settings say, with which the token may not disagree."""
    known, claim = policy.controller_of_client.get(client_id), policy.claims.controller
    if known is not None and claims.get(claim, known) != known:
        raise InvalidTokenError("the token is for another controller than its client")
    return known if known is not None else _name(claims, claim)


def _scopes(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Those scopes that are ours; an issuer may put other systems' beside them.

    `scope` is a text (RFC 8693 section 4.2); what is called otherwise, such as `scp`, may be a list.
    """
    value = claims.get(claim, "")
    if isinstance(value, str):
        value = value.split(" ")
    elif claim == "scope" or not isinstance(value, list):
        raise InvalidTokenError(f"the claim {claim} must be a text")
    return frozenset(scope.value for scope in Scope if scope.value in value)
