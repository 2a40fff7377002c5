"""What became of each item."""

from __future__ import annotations

from datetime import date, datetime

from avgate_client.answers.answer import Answer


class ReportLine(Answer):
    """Items of one connector that fared alike; `sentence` says it in the person's language."""

    connector: str
    category: str | None
    product: str | None
    outcome: str
    count: int
    ground: str | None
    until: date | None
    effective_from: date | None
    reason: str | None
    detail: str | None
    sentence: str = ""


class ReportScope(Answer):
    """What the answer was narrowed to."""

    connectors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sentence: str = ""


class Complaint(Answer):
    """Where a data subject may complain."""

    sentence: str
    address: str


class Report(Answer):
    """The result of a request; `scope` is None where everything was asked for."""

    request_id: str | None = None
    operation: str | None = None
    reference: str | None = None
    state: str | None = None
    received: datetime | None = None
    closed: datetime | None = None
    scope: ReportScope | None = None
    totals: dict[str, int]
    items: tuple[ReportLine, ...]
    complaint: Complaint | None = None
