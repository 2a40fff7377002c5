"""Takes a compact JWS apart, and refuses every second spelling of the same token (RFC 7515)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from avgate_gateway import strict_json
from avgate_gateway.authentication.claim import InvalidTokenError

_PART = r"[A-Za-z0-9_-]+"
_COMPACT = re.compile(rf"({_PART})\.({_PART})\.({_PART})")
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_FOREIGN_KEYS = frozenset({"jwk", "jku", "x5u", "x5c"})
_LONGEST_KID = 256


@dataclass(frozen=True, slots=True)
class Compact:
    """A token by its parts, none of them believed yet."""

    algorithm: str
    kid: str
    claims: dict[str, Any]


def taken_apart(
    token: str, *, plain_jwt: bool = False, types: Collection[str | None] = _TYPES
) -> Compact:
    """The parts of a token that is spelled the one right way; raises InvalidTokenError.

    A token that brings its own key, or says where to fetch one, is refused unread. Its length
    is for the caller to limit. With `plain_jwt`, the type may be JWT as well. `types` are those of
    another kind of token; None among them lets the header name none.
    """
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise InvalidTokenError("the token is not a signed JWT")
    header, claims = (_json_object(match[number]) for number in (1, 2))
    _decoded(match[3])
    return Compact(*_checked(header, {*types, "jwt"} if plain_jwt else types), claims)


def _checked(header: dict[str, Any], types: Collection[str | None]) -> tuple[str, str]:
    kind, algorithm, kid = (header.get(name) for name in ("typ", "alg", "kid"))
    if (kind.lower() if isinstance(kind, str) else kind) not in types:
        raise InvalidTokenError("the token is of another type than is accepted here")
    if "crit" in header or "b64" in header or not _FOREIGN_KEYS.isdisjoint(header):
        raise InvalidTokenError("the token's header asks for something that is not supported")
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
        raise InvalidTokenError("the token's header must name its key in kid")
    if not isinstance(algorithm, str):
        raise InvalidTokenError("the token's header must name its algorithm in alg")
    return algorithm, kid


def _json_object(part: str) -> dict[str, Any]:
    try:
        value = strict_json.parse(_decoded(part))
    except strict_json.StrictJsonError:
        raise InvalidTokenError("the token does not hold plain JSON") from None
    if not isinstance(value, dict):
        raise InvalidTokenError("the token does not hold JSON objects")
    return value


def _decoded(part: str) -> bytes:
    """The bytes; the last character may carry stray bits, which would be a second spelling."""
    try:
        decoded = base64.urlsafe_b64decode(part + "==")  # one too many is no mistake
    except binascii.Error:
        raise InvalidTokenError("the token is not base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") != part:
        raise InvalidTokenError("the token is not written in its one canonical form")
    return decoded
