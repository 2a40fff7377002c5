"""What would be done, for whoever approves it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from avgate_client.answers.answer import Answer


class PlanLine(Answer):
    """Items of an erasure plan that fare alike; `sentence` says the ground in words."""

    connector: str
    category: str
    product: str
    action: str | None = None
    count: int
    ground: str
    article: str | None
    sentence: str
    rule: str | None = None
    earliest_until: date | None
    latest_until: date | None


class FieldLine(Answer):
    """What a rectification plan does to one field; it holds the person's values."""

    field: str
    fit: str
    holds: tuple[str, ...] = Field((), repr=False)
    before: str | None = Field(alias="from", repr=False)
    after: str = Field(alias="to", repr=False)


class ItemLine(Answer):
    """An item of a rectification plan; `by_hand` says why a person corrects it, if one does."""

    connector: str
    item: str | None = None
    category: str
    product: str | None = None
    by_hand: str | None = None
    fields: tuple[FieldLine, ...]


class Plan(Answer):
    """A plan: of an erasure in buckets, of a rectification item by item."""

    request_id: str | None = None
    operation: str | None = None
    retention: str | None = None
    digest: str
    valid_until: datetime
    counts: dict[str, int] = Field(default_factory=dict)
    goes: tuple[PlanLine, ...] = ()
    anonymised: tuple[PlanLine, ...] = ()
    stays: tuple[PlanLine, ...] = ()
    by_hand: tuple[PlanLine, ...] = ()
    items: tuple[ItemLine, ...] = ()
