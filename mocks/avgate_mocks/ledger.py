"""What really happened at a mock, whatever its callers were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Effect:
    """One create, change or delete that took effect."""

    at: datetime
    method: str  # empty for what happened by itself
    path: str
    idempotency_key: str | None
    status: int
    subject: str | None  # the id of the person concerned
    kind: str  # create, change, delete, anonymise, order, ...


@dataclass(frozen=True, slots=True)
class Repeat:
    """A call that came again with the same key and had no second effect."""

    at: datetime
    method: str
    path: str
    idempotency_key: str


class Ledger:
    """Effects and repeats in the order in which they happened."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.repeats: list[Repeat] = []

    def as_json(self) -> dict[str, object]:
        return {
            "effects": [_row(asdict(effect)) for effect in self.effects],
            "repeats": [_row(asdict(repeat)) for repeat in self.repeats],
        }


def idempotency_key(request: Request) -> str | None:
    return request.headers.get("Idempotency-Key")


def _row(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
