"""What an ID token must say (OpenID Connect Core section 3.1.3.7), and a logout token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core.claims import CodeIDToken  # type: ignore[import-untyped]  # ships no types
from joserfc.errors import JoseError

from avgate_gateway.authentication import InvalidTokenError

TYPES = frozenset({"jwt", None})
LOGOUT_TYPES = frozenset({"logout+jwt", "application/logout+jwt", "jwt", None})
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_SKEW_SECONDS = 60
_LONGEST_LIFE = 86_400
_LOGOUT_SECONDS = 300
_LONGEST = 200  # what the columns hold that these are written to


class TooWeakError(InvalidTokenError):
    """The provider let somebody in by less than is asked for; what it remembers may be to blame."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token is held to; `fresh_since`, in seconds since 1970, is how new its proof must be."""

    issuer: str
    client_id: str
    nonce: str
    acr: Collection[str] = ()
    amr: Collection[str] = ()
    fresh_since: float | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """What a logout token says is over: a session, or everything of a person."""

    subject: str | None
    session: str | None
    at: datetime


def check(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    """Raises InvalidTokenError, which says why and repeats nothing of the token.

    Authlib checks what the standard says; before it stands what it would let pass.
    """
    _check_whose(claims, expected.issuer, expected.client_id)
    _check_times(claims, now, _LONGEST_LIFE)
    if text(claims, "nonce") != expected.nonce:
        raise InvalidTokenError("the nonce is that of another sign-in")
    text(claims, "sub")
    must_be = {"essential": True}
    token = CodeIDToken(
        claims,
        {},
        {
            "iss": {**must_be, "value": expected.issuer},
            "nonce": {**must_be, "value": expected.nonce},
        },
        {"client_id": expected.client_id, "nonce": expected.nonce},
    )
    try:
        token.validate(int(now), _SKEW_SECONDS)
    except (JoseError, ValueError, TypeError):
        raise InvalidTokenError("the ID token does not say what one must say") from None
    _check_strength(claims, expected)
    _check_freshness(claims, expected, now)


def proved_at(claims: Mapping[str, Any], now: float) -> datetime | None:
    """When somebody showed who they are, if the provider says so; never later than now."""
    if "auth_time" not in claims:
        return None
    return datetime.fromtimestamp(min(_moment(claims, "auth_time"), now), UTC)


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be there, short enough to be kept; raises InvalidTokenError."""
    value = claims.get(name)
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > _LONGEST
        or not value.isprintable()
    ):
        raise InvalidTokenError(f"the claim {name} must be a text of 1 to {_LONGEST}")
    return value


def over(claims: Mapping[str, Any], issuer: str, client_id: str, now: float) -> Over:
    """What is over (OpenID Connect Back-Channel Logout 1.0 section 2.6); raises InvalidTokenError."""
    _check_whose(claims, issuer, client_id)
    _check_times(claims, now, _LONGEST_LIFE)
    if now - _moment(claims, "iat") > _LOGOUT_SECONDS:
        raise InvalidTokenError("the logout token is old")
    events = claims.get("events")
    if (
        "nonce" in claims
        or not isinstance(events, dict)
        or not isinstance(events.get(_LOGOUT), dict)
    ):
        raise InvalidTokenError("the token is no logout token")
    text(claims, "jti")
    subject = text(claims, "sub") if "sub" in claims else None
    session = text(claims, "sid") if "sid" in claims else None
    if subject is None and session is None:
        raise InvalidTokenError("the logout token names nobody")
    return Over(
        subject, session, datetime.fromtimestamp(_moment(claims, "iat") + _SKEW_SECONDS, UTC)
    )


def _check_whose(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    if claims.get("iss") != issuer:
        raise InvalidTokenError("the token is from another issuer")
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if several != [client_id]:
        raise InvalidTokenError("the token is for another audience, or for others too")


def _check_times(claims: Mapping[str, Any], now: float, longest: float) -> None:
    issued, ends = _moment(claims, "iat"), _moment(claims, "exp")
    if now - ends > _SKEW_SECONDS:
        raise InvalidTokenError("the token has expired")
    if issued - now > _SKEW_SECONDS:
        raise InvalidTokenError("the token is not valid yet")
    if not 0 < ends - issued <= longest:
        raise InvalidTokenError(f"such a token may live {longest} seconds")


def _check_strength(claims: Mapping[str, Any], expected: Expected) -> None:
    if expected.acr and claims.get("acr") not in expected.acr:
        raise TooWeakError("the provider let them in by less than acr asks for")
    methods = claims.get("amr", [])
    if expected.amr and not (
        isinstance(methods, list) and set(expected.amr) <= {str(m) for m in methods}
    ):
        raise TooWeakError("the provider let them in by less than amr asks for")


def _check_freshness(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    since = expected.fresh_since
    if since is None:
        return
    proved = proved_at(claims, now)
    if proved is None or proved.timestamp() < since - _SKEW_SECONDS:
        raise InvalidTokenError("the provider did not ask again, or does not say when (auth_time)")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise InvalidTokenError(f"the claim {name} must be a number of seconds")
    return float(value)
