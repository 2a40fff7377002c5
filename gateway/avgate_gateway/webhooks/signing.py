"""The three headers of Standard Webhooks 1.0, signed by a shared secret, by a key pair, or by both.

A secret `whsec_` signs as `v1`, by the library of the standard. A secret `whsk_` is the seed of an
Ed25519 key and signs as `v1a`, which that library does not know: whoever has the public key that
belongs to it (`whpk_`) can tell who sent something, and can send nothing in our name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
_SHORTEST, _LONGEST = 24, 64  # bytes: Standard Webhooks 1.0, "Signature scheme"
_SEED = 32  # bytes: RFC 8032, 5.1.5


def is_secret(text: str) -> bool:
    """Whether it is `whsec_` and 24 to 64 bytes in base64, or `whsk_` and 32."""
    prefix, _, told = text.partition("_")
    try:
        key = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return False
    if f"{prefix}_" == PRIVATE:
        return len(key) == _SEED
    return f"{prefix}_" == SHARED and _SHORTEST <= len(key) <= _LONGEST


def signed(secrets: Sequence[str], message_id: str, now: datetime, body: str) -> Mapping[str, str]:
    """The headers: one signature for each secret, so that a receiver may know either."""
    signatures = [_signature(secret, message_id, now, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def public_keys(secrets: Sequence[str]) -> tuple[str, ...]:
    """What a receiver verifies with, in the order of the secrets; a shared one has none to show."""
    keys = [_key(secret).public_key().public_bytes_raw() for secret in secrets if _has_key(secret)]
    return tuple(PUBLIC + base64.b64encode(key).decode() for key in keys)


def _signature(secret: str, message_id: str, now: datetime, body: str) -> str:
    if not _has_key(secret):
        return Webhook(secret).sign(message_id, now, body)
    content = f"{message_id}.{int(now.timestamp())}.{body}".encode()
    return f"v1a,{base64.b64encode(_key(secret).sign(content)).decode()}"


def _has_key(secret: str) -> bool:
    return secret.startswith(PRIVATE)


def _key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(PRIVATE)))
