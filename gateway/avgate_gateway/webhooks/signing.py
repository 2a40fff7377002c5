"""The three headers of Standard Webhooks 1.0, signed by its own library."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes: Standard Webhooks 1.0, "Signature scheme"


def is_secret(text: str) -> bool:
    """Whether it is `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(PREFIX) and _SHORTEST <= len(key) <= _LONGEST


def signed(secrets: Sequence[str], message_id: str, now: datetime, body: str) -> Mapping[str, str]:
    """The headers: one signature for each secret, so that a receiver may know either."""
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
