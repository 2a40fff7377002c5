"""What is posted: accesses and erasures of people that the upstreams do or do not know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

from rig.load import post

UPSTREAMS = ("operator", "xelion", "directory")
IDENTITY = {"method": "portal", "verified_by": "bench", "verified_at": "2026-01-01T00:00:00Z"}
Identifiers = Sequence[Mapping[str, str]]


def strangers(begin: int = 0) -> Iterator[Identifiers]:
    """People whom nobody knows, by number and e-mail."""
    for number in count(begin):
        yield _known_by(f"+3120{number % 10**7:07}", f"nobody{number}@example.org")


def customers(begin: int = 1) -> Iterator[Identifiers]:
    """People whom the lean upstream knows."""
    for number in count(begin):
        yield _known_by(f"+3185{number % 10**7:07}", f"customer{number:07}@example.org")


def _known_by(phone: str, email: str) -> Identifiers:
    return ({"kind": "phone", "value": phone}, {"kind": "email", "value": email})


def requests(
    bearer: str,
    people: Iterator[Identifiers],
    operation: str = "access",
    *,
    identified: bool = True,
    wait: int = 0,
    upstreams: Sequence[str] = UPSTREAMS,
) -> Iterator[bytes]:
    """One POST for each person; with `wait`, 200 says that it was closed in time."""
    for identifiers in people:
        body: dict[str, Any] = {
            "operation": operation,
            "subject": {"identifiers": identifiers},
            "scope": {"connectors": list(upstreams)},
        }
        if identified:
            body["identity"] = IDENTITY
        headers = {"authorization": f"Bearer {bearer}", "idempotency-key": str(uuid4())}
        if wait:
            headers["prefer"] = f"wait={wait}"
        yield post("/v1/requests", headers, json.dumps(body).encode())
