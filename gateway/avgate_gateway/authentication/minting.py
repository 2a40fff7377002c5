"""Makes access tokens for development and for the gateway's embedded default."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from joserfc import jwt

from avgate_gateway.authentication.key_file import SigningKey
from avgate_gateway.authentication.scope import Scope

_ALGORITHM = "Ed25519"


def mint(
    key: SigningKey,
    *,
    issuer: str,
    audience: str,
    controller: str,
    client: str,
    scopes: Iterable[Scope],
    lifetime: float,
    now: float,
    subject: str | None = None,
) -> str:
    """A token in the profile of RFC 9068; `lifetime` in seconds, `now` in seconds since 1970.

    Its subject is the client itself unless a person is named.
    """
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject or client,
        "client_id": client,
        "controller": controller,
        "scope": " ".join(sorted(scope.value for scope in scopes)),
        "iat": int(now),
        "exp": int(now + lifetime),
        "jti": str(uuid.uuid4()),
    }
    header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(header, claims, key.key, algorithms=[_ALGORITHM])
