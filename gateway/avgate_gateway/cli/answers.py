"""What the gateway answers, as far as the command line reads it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from avgate_contracts.vocabulary import Operation


class Answer(BaseModel):
    """What every answer has in common: members that are not read here are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class DuePart(Answer):
    promised: date
    legal: date
    extended: date | None = None


class PlanPart(Answer):
    digest: str
    valid_until: datetime
    approved_by: str | None = None


class ConnectorPart(Answer):
    """How one connector stands with a request."""

    connector: str
    stage: str
    outcome: str | None
    items: dict[str, int]
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    quarantined: int


class RequestAnswer(Answer):
    id: str
    operation: Operation
    state: str
    waiting_for: str | None
    controller: str
    submitted_by: str
    due: DuePart
    plan: PlanPart | None
    connectors: tuple[ConnectorPart, ...]
    closing: str | None

    @property
    def is_closed(self) -> bool:
        return self.state == "closed"

    @property
    def waits_for_a_person(self) -> bool:
        return self.waiting_for in {"identity", "approval", "person"}

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.is_closed or self.waits_for_a_person


class PlanLine(Answer):
    """Items of an erasure plan that fare alike."""

    connector: str
    category: str
    product: str
    count: int
    ground: str
    article: str | None
    sentence: str
    earliest_until: date | None
    latest_until: date | None


class FieldLine(Answer):
    """What a rectification plan does to one field; it holds the person's values."""

    field: str
    fit: str
    before: str | None = Field(alias="from", repr=False)
    after: str = Field(alias="to", repr=False)


class ItemLine(Answer):
    """An item of a rectification plan; `by_hand` says why a person corrects it, if one does."""

    connector: str
    category: str
    by_hand: str | None = None
    fields: tuple[FieldLine, ...]


class PlanAnswer(Answer):
    """A plan: of an erasure in buckets, of a rectification item by item."""

    digest: str
    valid_until: datetime
    goes: tuple[PlanLine, ...] = ()
    anonymised: tuple[PlanLine, ...] = ()
    stays: tuple[PlanLine, ...] = ()
    by_hand: tuple[PlanLine, ...] = ()
    items: tuple[ItemLine, ...] = ()


class ReportLine(Answer):
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


class ReportAnswer(Answer):
    totals: dict[str, int]
    items: tuple[ReportLine, ...]


class TaskItem(Answer):
    """One item of a task, by the upstream's own name for it."""

    ref: str
    category: str
    product: str
    since: date | None


class TaskAnswer(Answer):
    """Something for a person to do by hand."""

    id: str
    request_id: str
    connector: str
    category: str | None
    product: str | None
    count: int
    reason_code: str
    reason: str
    due: date
    state: str
    items: tuple[TaskItem, ...] | None = None
    items_total: int


class TaskPage(Answer):
    items: tuple[TaskAnswer, ...]
    next: str | None


class EndpointAnswer(Answer):
    """Somebody who is told of events."""

    name: str
    kind: str
    host: str
    events: tuple[str, ...]
    state: str
    reason: str | None
    failing_since: datetime | None
    released: int | None = None


class EndpointPage(Answer):
    items: tuple[EndpointAnswer, ...]
    next: str | None


class AttemptPart(Answer):
    number: int
    at: datetime
    status: int | None
    result: str


class DeliveryAnswer(Answer):
    """One event on its way to one endpoint."""

    id: str
    endpoint: str
    event: str
    request_id: str | None
    state: str
    made_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[AttemptPart, ...]


class DeliveryPage(Answer):
    items: tuple[DeliveryAnswer, ...]
    next: str | None


class Mistake(Answer):
    """One mistake that a problem points at."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    @property
    def place(self) -> str:
        return self.pointer or self.parameter or self.header or ""


class ProblemAnswer(Answer):
    """RFC 9457 problem details."""

    title: str
    status: int
    detail: str | None = None
    errors: tuple[Mistake, ...] = ()


class ReceiptPart(Answer):
    at: datetime
    name: str
    answer: str | None = None


class HandoverAnswer(Answer):
    """One copy to one destination."""

    id: str
    destination: str
    state: str
    attempts: int
    next_attempt_at: datetime | None = None
    size: int | None = None
    sha256: str | None = None
    code: str | None = None
    reason: str | None = None
    receipt: ReceiptPart | None = None


class HandoverPage(Answer):
    items: tuple[HandoverAnswer, ...]
