"""Keys, claims and tokens, good and forged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from avgate_gateway.authentication import (
    FixedKeys,
    SigningKey,
    TokenPolicy,
    Verifier,
)

NOW = 1_800_000_000
MARKER = "jan.jansen@example.org"
POLICY = TokenPolicy("https://issuer.test", "avgate", frozenset({"libervoice", "mister-voip"}))
CLAIMS: Mapping[str, Any] = {
    "iss": "https://issuer.test",
    "aud": "avgate",
    "sub": "agent-7",
    "client_id": "crm",
    "controller": "libervoice",
    "scope": "requests:read requests:erase",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "1",
}


class Clock:
    """A clock that a test sets by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def signing_key(kid: str) -> SigningKey:
    return SigningKey(kid, OKPKey.generate_key("Ed25519"))


OURS = signing_key("ours")
THEIRS = signing_key("ours")  # another key under the same name


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: str, payload: str, key: SigningKey = OURS) -> str:
    """A token over exactly this header and payload, whatever they say."""
    text = f"{encoded(header.encode())}.{encoded(payload.encode())}"
    private: Any = key.key.private_key
    return f"{text}.{encoded(private.sign(text.encode()))}"


def token(
    claims: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    key: SigningKey = OURS,
    *,
    without: str | None = None,
) -> str:
    """A good token, changed in what is given; None takes a member away."""
    merged = {**CLAIMS, **(claims or {})}
    merged.pop(without or "", None)
    headers = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ours", **(header or {})}
    kept = {name: value for name, value in headers.items() if value is not None}
    return signed(json.dumps(kept), json.dumps(merged), key)


def verifier(clock: Clock | None = None, policy: TokenPolicy = POLICY) -> Verifier:
    return Verifier(policy, FixedKeys([OURS.public()]), clock or Clock())


RSA = RSAKey.generate_key(2048)


def hs256_with_the_public_key() -> str:
    """The classic confusion: the RSA public key, taken for a shared secret."""
    header = encoded(b'{"alg":"HS256","typ":"at+jwt","kid":"rsa"}')
    text = f"{header}.{encoded(json.dumps(CLAIMS).encode())}"
    pem = RSA.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"{text}.{encoded(hmac.new(pem, text.encode(), hashlib.sha256).digest())}"


def rsa_signed(algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "rsa"}
    return jwt.encode(header, dict(CLAIMS), RSA, algorithms=[algorithm])


def changed_payload() -> str:
    head, _, signature = token().split(".")
    payload = encoded(json.dumps({**CLAIMS, "controller": "mister-voip"}).encode())
    return f"{head}.{payload}.{signature}"


def stray_bits() -> str:
    """The last of 86 characters carries two bits of the 64 bytes; the other four may be anything."""
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + alphabet[alphabet.index(good[-1]) + 1]


def public(key: Any, kid: str | None, **changes: Any) -> dict[str, Any]:
    members = {**key.as_dict(private=False), "kid": kid, **changes}
    return {name: value for name, value in members.items() if value is not None}


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


EC = ECKey.generate_key("P-256")
