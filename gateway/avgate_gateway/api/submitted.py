"""How the description tells of a submission: the key that it needs, and where its answer leads."""

from __future__ import annotations

from typing import Any

from avgate_gateway.api.views import RequestView

_KEY = "Required: see `/docs#idempotency`."
# Where a request's id leads: for readers, and for programs that try whole sequences of calls.
_READ = ("", "/plan", "/events", "/report", "/evidence", "/package")
_DECIDED = ("/identity", "/approval", "/cancel", "/retry", "/extension")
_LINKS = {
    part.removeprefix("/") or "request": {
        "operationRef": f"#/paths/~1v1~1requests~1%7Brequest_id%7D{part.replace('/', '~1')}/{method}",
        "parameters": {"request_id": "$response.body#/id"},
    }
    for method, parts in (("get", _READ), ("post", _DECIDED))
    for part in parts
}
SUBMITTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": RequestView,
        "description": "Recorded; Location says where to look.",
        "links": _LINKS,
    },
    200: {
        "model": RequestView,
        "description": "Closed within the wait that was preferred.",
        "links": _LINKS,
    },
}
NEEDS_KEY = {
    "parameters": [
        {
            "name": "idempotency-key",
            "in": "header",
            "required": True,
            "description": _KEY,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!#-~]+$"},
        }
    ]
}
