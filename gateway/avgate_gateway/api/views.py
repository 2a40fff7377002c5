"""What callers read: requests as they are told, never with an identifier's value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from avgate_contracts.vocabulary import Operation
from avgate_gateway.ending import ending, left_earlier, unseen
from avgate_gateway.report import Ending, OutcomeWord
from avgate_gateway.request import COPIES, IdentityCheck, State, SubjectRequest, WaitingFor
from avgate_gateway.store import items, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.store.unseen import UnseenPart

PARTS_UNSEEN = "parts_unseen"  # of a connector that could look into some parts, and not into all
_OUTCOMES: Final[Mapping[OutcomeWord, str]] = {
    OutcomeWord.PENDING: "pending",
    OutcomeWord.ERASED: "completed",
    OutcomeWord.ANONYMISED: "completed",
    OutcomeWord.ALREADY_GONE: "completed",
    OutcomeWord.SCHEDULED: "completed",
    OutcomeWord.RECTIFIED: "completed",
    OutcomeWord.ALREADY_RIGHT: "completed",
    OutcomeWord.PROVIDED: "completed",
    OutcomeWord.RETAINED: "completed",
    OutcomeWord.BY_HAND: "unsupported",
    OutcomeWord.DONE_BY_HAND: "completed",
    OutcomeWord.RETURNED: "failed",
    OutcomeWord.REFUSED: "refused",
    OutcomeWord.FAILED: "failed",
    OutcomeWord.UNKNOWN: "unknown",
    OutcomeWord.NOTHING_HELD: "nothing_held",
    OutcomeWord.NOTHING_IN_SCOPE: "nothing_in_scope",
    OutcomeWord.NOT_RELEVANT: "not_relevant",
    OutcomeWord.NOT_SEARCHABLE: "unsupported",
    OutcomeWord.NOT_KEPT: "completed",
}


class View(BaseModel):
    """What every view has in common."""

    model_config = ConfigDict(frozen=True)


class DueView(View):
    """The last days to answer, each included."""

    promised: date = Field(description="What the controller's statement promises.")
    legal: date = Field(description="One month, GDPR Art. 12(3).")
    extended: date | None = Field(description="Two months more, where that was told with reasons.")


class IdentityView(View):
    """How identity was verified."""

    method: str
    verified_by: str
    verified_at: datetime


class SubjectView(View):
    """The data subject, without anything that identifies them to others."""

    reference: str
    identifier_kinds: list[str]
    language: str


class PlanView(View):
    """Which plan is up for approval, or was approved."""

    digest: str
    valid_until: datetime
    approved_by: str | None
    approved_at: datetime | None
    begins_at: datetime | None = Field(
        None, description="Until then what was approved may still be withdrawn."
    )


class UnseenView(View):
    """A part of an upstream that could not be looked into."""

    part: str = Field(description="A system, by its name.")
    reason_code: str = Field(description="other_identifier, days_unknown or no_interface.")
    needs: list[str] = Field(description="Kinds of identifiers of which one would do.")
    outcome: str = Field(description="A word of the report.")


class LeftEarlierView(View):
    """What an earlier erasure left here, and no look finds any more."""

    request_id: str = Field(description="The erasure that left it.")
    category: str
    product: str
    count: int
    outcome: str = Field(description="retained, or by_hand where a person has to do it.")
    ground: str | None
    until: date | None


class ConnectorView(View):
    """One connector's part."""

    connector: str
    stage: str
    outcome: str | None = Field(description="Null while it is under way.")
    items: dict[str, int] = Field(description="How many items fared how.")
    attempts: int
    next_attempt_at: datetime | None
    reason_code: str | None
    reason: str | None
    quarantined: int = Field(description="Answers set aside as being about somebody else.")
    unseen: list[UnseenView] = Field(description="Parts that could not be looked into.")
    left_earlier: list[LeftEarlierView] = Field(
        description="What earlier erasures of the same data subject left here."
    )


class RequestView(View):
    """A request."""

    id: str
    operation: str
    state: str
    waiting_for: str | None
    held_up: str | None = Field(
        default=None,
        description="Why it does not get on though its time has come, and what can be done.",
    )
    controller: str
    submitted_by: str
    subject: SubjectView
    scope: dict[str, list[str]]
    received_at: datetime
    due: DueView
    extension_reason: str | None
    identity: IdentityView | None
    plan: PlanView | None
    connectors: list[ConnectorView]
    closed_at: datetime | None
    closing: str | None = Field(description="Why it closed without being carried out.")


class ListView(View):
    """A page of a list."""

    items: list[RequestView]
    next: str | None


async def view(db: Connection, request: SubjectRequest) -> RequestView:
    """A request as it is now."""
    counts = await items.counts(db, request.id)
    return request_view(request, await tasks.of_request(db, request.id), counts)


def request_view(
    request: SubjectRequest,
    all_tasks: Sequence[Task],
    counts: Mapping[tuple[str, str], int],
) -> RequestView:
    """The view of a request whose parts are at hand."""
    return RequestView(
        id=request.id,
        operation=request.operation.value,
        state=request.state.value,
        waiting_for=request.waiting_for.value if request.waiting_for else None,
        controller=request.controller,
        submitted_by=request.client_id,
        subject=SubjectView(
            reference=request.reference,
            identifier_kinds=list(request.identifier_kinds),
            language=request.language,
        ),
        scope={
            "connectors": sorted(request.scope.connectors),
            "categories": sorted(c.value for c in request.scope.categories),
        },
        received_at=request.received_at,
        due=DueView(promised=request.promised, legal=request.legal, extended=request.extended),
        extension_reason=request.extension_reason,
        identity=_identity(request.identity),
        plan=_plan(request),
        connectors=[_connector(request, task, _own(counts, task)) for task in all_tasks],
        closed_at=request.closed_at,
        closing=request.closing,
    )


def _identity(check: IdentityCheck | None) -> IdentityView | None:
    if check is None:
        return None
    return IdentityView(
        method=check.method, verified_by=check.verified_by, verified_at=check.verified_at
    )


def _plan(request: SubjectRequest) -> PlanView | None:
    if request.plan_digest is None or request.plan_valid_until is None:
        return None
    approval = request.approval
    if approval is not None and approval.plan_digest != request.plan_digest:
        approval = None  # it was of an earlier plan; the evidence keeps it
    return PlanView(
        digest=request.plan_digest,
        valid_until=request.plan_valid_until,
        approved_by=approval.by if approval else None,
        approved_at=approval.at if approval else None,
        begins_at=approval.begins_at if approval else None,
    )


def etag(body: bytes) -> str:
    """A strong validator: another body, another tag (RFC 9110 section 8.8.3)."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def retry_after(request: SubjectRequest, now: datetime) -> int | None:
    """Seconds after which it is worth looking again; None once nothing changes by itself."""
    if request.state is State.CLOSED:
        return None
    if request.waiting_for in {WaitingFor.IDENTITY, WaitingFor.APPROVAL, WaitingFor.PERSON}:
        return 60
    wait = (request.wake_at - now).total_seconds() if request.wake_at else 1
    return max(1, min(60, int(wait) + 1))


def _own(counts: Mapping[tuple[str, str], int], task: Task) -> dict[str, int]:
    return {state: n for (connector, state), n in counts.items() if connector == task.connector}


def _connector(request: SubjectRequest, task: Task, counts: dict[str, int]) -> ConnectorView:
    if request.operation in COPIES and task.stage is Stage.DONE:
        provided = sum(task.tally.values())
        counts = {"provided": provided} if provided else {}
    parts = list(unseen(task))
    code, reason = task.code.value if task.code else None, task.reason
    left = [part.detail or "" for part in parts if part.outcome is not OutcomeWord.DONE_BY_HAND]
    if code is None and left:
        code, reason = PARTS_UNSEEN, "; ".join(left)
    return ConnectorView(
        connector=task.connector,
        stage=task.stage.value,
        outcome=outcome_word(
            request.operation, task, counts, is_narrowed=request.scope.is_by_category
        ),
        items=counts,
        attempts=task.attempts,
        next_attempt_at=task.next_attempt_at,
        reason_code=code,
        reason=reason,
        quarantined=task.quarantined,
        unseen=[_unseen(part, told) for part, told in zip(task.unseen, parts, strict=False)],
        left_earlier=[_left_earlier(left, told) for left, told in left_earlier(task)],
    )


def _unseen(part: UnseenPart, told: Ending) -> UnseenView:
    needs = [kind.value for kind in part.needs]
    return UnseenView(
        part=part.part, reason_code=part.why.value, needs=needs, outcome=told.outcome.value
    )


def _left_earlier(left: LeftEarlier, told: Ending) -> LeftEarlierView:
    return LeftEarlierView(
        request_id=left.request_id,
        category=left.category.value,
        product=left.product.value,
        count=left.count,
        outcome=told.outcome.value,
        ground=left.ground,
        until=left.until,
    )


def outcome_word(
    operation: Operation, task: Task, counts: Mapping[str, int], *, is_narrowed: bool = False
) -> str | None:
    """What became of a connector's part as a whole; None while it is under way."""
    copies = operation in COPIES
    states = [] if copies else [ItemState(state) for state, count in counts.items() if count]
    word = ending(operation, task, states, is_narrowed=is_narrowed)
    return None if word is None else _OUTCOMES[word]
