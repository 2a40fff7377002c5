"""Rows as the store keeps them, for tests that put them there themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4


def a_row() -> dict[str, Any]:
    """A closed request of nobody, with the columns that must be there."""
    return {
        "id": str(uuid4()),
        "controller": "libervoice",
        "client_id": "portal",
        "operation": "access",
        "state": "closed",
        "received_at": datetime(2026, 1, 1, tzinfo=UTC),
        "promised": date(2026, 1, 29),
        "legal": date(2026, 2, 1),
        "reference": "s-000000000000000000000000",
        "identifier_kinds": "phone",
        "language": "nl",
        "scope": {},
        "version": 1,
    }
