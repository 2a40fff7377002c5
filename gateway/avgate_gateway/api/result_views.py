"""What callers read of plans, reports, evidence and letters, for the description: they are sent as ready bytes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, RootModel

from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_contracts.vocabulary import Field as FieldName
from avgate_gateway.api.views import View
from avgate_gateway.plan import Fit
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import State
from avgate_gateway.retention import Action, GroundCode

_DIGEST = "What an approval names; another plan has another one."


class PlanGroupView(View):
    """Items of an erasure plan that fare alike."""

    connector: str
    category: Category
    product: Product
    action: Action
    count: int
    ground: GroundCode
    article: str = Field(description="Of the law on which the ground rests.")
    sentence: str = Field(description="The ground in words.")
    rule: str | None = Field(description="Of the retention matrix; null where it has none.")
    earliest_until: date | None = Field(description="The first last day; null where none is known.")
    latest_until: date | None


class PlanCountsView(View):
    """How many items are in each list of an erasure plan."""

    goes: int
    anonymised: int
    stays: int
    by_hand: int


class ErasurePlanView(View):
    """What an erasure would do to each item."""

    request_id: str
    operation: Literal["erase"]
    retention: str = Field(description="The retention matrix that it goes by, and its version.")
    digest: str = Field(description=_DIGEST)
    valid_until: datetime
    counts: PlanCountsView
    goes: list[PlanGroupView]
    anonymised: list[PlanGroupView]
    stays: list[PlanGroupView]
    by_hand: list[PlanGroupView]


class PlannedFieldView(View):
    """What becomes of one field of an item; it holds the person's values."""

    field: FieldName
    fit: Fit
    holds: list[str]
    before: str | None = Field(
        alias="from",
        description="The value that is replaced, as the upstream spells it; where none is, the only one.",
    )
    after: str = Field(alias="to")


class PlannedItemView(View):
    """What a rectification would change in one item."""

    connector: str
    item: str = Field(description="Our own name for it.")
    category: Category
    product: Product
    by_hand: Literal[Fit.DIFFERS, Fit.SEVERAL] | None = Field(
        description="Why a person has to correct it; null where nobody has to."
    )
    fields: list[PlannedFieldView]


class RectificationPlanView(View):
    """What a rectification would change in each item."""

    request_id: str
    operation: Literal["rectify"]
    digest: str = Field(description=_DIGEST)
    valid_until: datetime
    items: list[PlannedItemView]


class AnyPlanView(
    RootModel[Annotated[ErasurePlanView | RectificationPlanView, Field(discriminator="operation")]]
):
    """What would be done; `operation` says which of the two it is."""


class ReportScopeView(View):
    """What the request was narrowed to; an empty list leaves nothing out."""

    connectors: list[str]
    categories: list[Category]
    sentence: str = Field(description="The same in words, in the person's language.")


class ReportLineView(View):
    """Items of one connector that fared alike, or its answer as a whole."""

    connector: str
    category: Category | None = Field(description="Null of a connector's answer as a whole.")
    product: Product | None
    outcome: OutcomeWord
    count: int
    ground: GroundCode | None = Field(description="Why it stays, where it does.")
    until: date | None = Field(description="The last day on which it stays.")
    effective_from: date | None = Field(description="The day on which what is scheduled happens.")
    reason: str | None = Field(description="A code for what stands in the way.")
    detail: str | None = Field(description="The reason in words.")
    sentence: str = Field(description="The outcome in words, in the person's language.")


class ComplaintView(View):
    """Where the person may complain."""

    sentence: str
    address: str


class ReportView(View):
    """What became of each item, as far as it is known."""

    request_id: str
    operation: Operation
    reference: str = Field(description="The controller's own name for the data subject.")
    received: datetime
    closed: datetime | None
    scope: ReportScopeView | None = Field(description="Null where everything was asked for.")
    totals: dict[OutcomeWord, int] = Field(
        description="How many items fared how; words of none are left out."
    )
    items: list[ReportLineView]
    complaint: ComplaintView
    state: State


class EntryView(View):
    """A link of the chain, with all that it takes to compute its digest again."""

    sequence: int
    at: datetime
    controller: str
    request_id: str | None = Field(description="Null of what concerns no request.")
    event: str
    details: dict[str, object] = Field(description="Each event has its own members.")
    previous: str = Field(description="The digest of the link before.")
    digest: str


class AuditView(View):
    """A page of a controller's chain."""

    items: list[EntryView]
    next: str | None


class RemarkedEntryView(EntryView):
    """A link with the words that staff wrote about it, which are no part of the chain."""

    remark: str | None = Field(description="Null once it is destroyed, too.")


class EvidenceView(View):
    """The links of one request."""

    items: list[RemarkedEntryView]
    next: str | None


_ProvenEntry = Annotated[list[int | str | None], Field(min_length=7, max_length=7)]


class ProofView(View):
    """What proves one request's evidence to an outsider; `docs/verify_evidence.py` checks it."""

    request_id: str
    checkpoint: str = Field(description="A signed note of C2SP's tlog-checkpoint.")
    verifier_key: str = Field(description="Of whoever signed it, as C2SP's signed-note writes it.")
    entries: list[_ProvenEntry] = Field(
        description="Of each link what its digest is made over, in this order: sequence, at, controller, request_id, "
        "event, details as the text that was digested, previous."
    )
    path: list[str] = Field(description="Digests of the tree in base64 that lead to its root.")


class LetterView(View):
    """One version of the letter to the person."""

    version: int
    language: Literal["nl", "en"]
    providers: bool = Field(description="Whether it lists the companies behind the service.")
    made_at: datetime
    size: int = Field(description="In bytes.")
    sha256: str
    kept: bool = Field(description="Whether it can still be had.")


class LetterListView(View):
    """Every version of the letter."""

    items: list[LetterView]
    next: str | None
