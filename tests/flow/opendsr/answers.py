"""What the protocol's errors look like."""

from __future__ import annotations

import httpx
from tests.flow.harness import JsonMap


def errors(answer: httpx.Response, code: int = 400) -> list[JsonMap]:
    """What an error names, in the protocol's shape and with its status."""
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert set(told) == {"error"}
    assert told["error"]["code"] == code
    return list(told["error"]["errors"])
