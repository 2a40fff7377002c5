"""For schemathesis: makes every other submission one that is accepted, so that what follows is tried too.

What it invents by the description alone is nearly always refused for a number that is none; then no
request exists that could be read, approved or withdrawn.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import orjson
import schemathesis

_VALUES = {
    "phone": "+31612345678",
    "email": "anna@voorbeeld.example",
    "customer_id": "C-100001",
    "xelion_id": "12345",
    "iccid": "8931440400000000009",
    "imsi": "204080000000001",
    "ip": "192.0.2.7",
    "name_address": "Anna Jansen, Kerkstraat 1, 1234 AB Utrecht",
}
_IDENTITY = {"method": "portal", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
_CHANGES = [{"field": "address.city", "to": "Utrecht"}]

_EMAIL = {"identity_type": "email", "identity_value": _VALUES["email"], "identity_format": "raw"}
_SENT: dict[str, Any] = {
    "regulation": "gdpr",
    "submitted_time": "2026-01-05T10:00:00Z",
    "subject_identities": [_EMAIL],
    "controller_id": None,
    "status_callback_urls": [],
    "extensions": {},
}


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: object) -> object:
    """A body whose subject can exist, for every other one that asks for an operation."""
    if isinstance(body, dict) and "subject_request_type" in body and _is_chosen(body):
        return {**body, **_SENT}
    if not isinstance(body, dict) or "operation" not in body or not _is_chosen(body):
        return body
    kinds = [kind for kind in _VALUES if kind in str(body.get("subject"))] or ["phone"]
    made = {
        "operation": body["operation"],
        "subject": {"identifiers": [{"kind": kind, "value": _VALUES[kind]} for kind in kinds]},
    }
    if body.get("identity"):
        made["identity"] = _IDENTITY
    if body["operation"] == "rectify":
        made["changes"] = _CHANGES
    return made


def _is_chosen(body: object) -> bool:
    try:
        return crc32(orjson.dumps(body)) % 2 == 0
    except TypeError:
        return False
