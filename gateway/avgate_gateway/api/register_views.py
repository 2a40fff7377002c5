"""What callers read of systems and rules, for the description: it is sent as ready bytes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.api.views import View
from avgate_gateway.register import Role
from avgate_gateway.registry import Capability
from avgate_gateway.retention import KeptWhile, Purpose

_NOT_REFUSED = "Not told of one that is refused."


class ProcessorView(View):
    """A company or product that processes data behind the service."""

    controller: str
    name: str
    role: Role
    product_group: Product
    products: list[str]
    country: str
    purpose: str
    source: str = Field(description="The document or list that names it.")
    provider: str = Field(description="Whose list that is; empty for the controller's own.")
    first_seen: datetime | None = Field(description="Null where the document has no date.")
    last_seen: datetime | None = Field(description="Null while it is named.")
    purpose_nl: str
    source_nl: str


class ProcessorListView(View):
    """The register."""

    items: list[ProcessorView]
    next: str | None


class LabelView(View):
    """What a row of the matrix is called."""

    en: str
    nl: str


class TermView(View):
    """How long one purpose needs the data."""

    purpose: Purpose
    term: str
    months: int | None = Field(description="Null for as long as the service runs.")
    withholds_erasure: bool = Field(description="Whether it stays though erasure is asked.")
    article: str
    sentence: str


class RuleSourceView(View):
    """Where a row of the matrix was taken from."""

    title: str
    version: str
    where: str


class RuleView(View):
    """A row of the retention matrix."""

    rule: str = Field(description="Its name in plans and reports.")
    pack: str
    version: str
    product: Product
    category: Category
    label: LabelView
    terms: list[TermView]
    kept_while: KeptWhile | None
    managed_by_end_user: bool
    examples: list[str]
    source: RuleSourceView
    note: str | None = Field(description="What the source left open.")


class RetentionView(View):
    """The retention matrix in force."""

    pack: str
    version: str
    items: list[RuleView]
    next: str | None


class HealthView(View):
    """Whether an upstream answered when it was asked last."""

    ok: bool
    kind: str | None = Field(description="The name of the error.")
    reason: str | None
    checked_at: datetime


class PauseView(View):
    """That no work is begun at an upstream."""

    since: datetime
    by: str
    reason: str


class PausedView(View):
    """An upstream, and whether it is paused."""

    name: str
    paused: PauseView | None


class InstalledView(View):
    """A connector that is installed: why it is refused, or what it can do."""

    name: str
    distribution: str
    version: str
    refused: str | None = Field(description="Why it is not used.")
    level_claimed: int
    configured: bool
    health: HealthView | None = Field(description="Null of one that is not configured.")
    title: str = Field(default_factory=str, description=_NOT_REFUSED)
    processor: str = Field(default_factory=str, description=_NOT_REFUSED)
    protocol: str = Field(default_factory=str, description=_NOT_REFUSED)
    finds_by: list[IdentifierKind] = Field(default_factory=list, description=_NOT_REFUSED)
    holds: list[Category] = Field(default_factory=list, description=_NOT_REFUSED)
    erases: dict[Category, ErasureWay] = Field(default_factory=dict, description=_NOT_REFUSED)
    not_relevant: dict[Operation, str] = Field(
        default_factory=dict, description=f"Why an operation does not apply. {_NOT_REFUSED}"
    )
    capabilities: list[Capability] = Field(default_factory=list, description=_NOT_REFUSED)
    paused: PauseView | None


class InstalledListView(View):
    """What is installed."""

    items: list[InstalledView]
    next: str | None
