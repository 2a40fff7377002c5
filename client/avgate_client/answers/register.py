"""Who is behind the service, and by what rules."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from avgate_client.answers.answer import Answer


class Processor(Answer):
    """An external provider or subprocessor of the controller."""

    controller: str
    name: str
    role: str
    product_group: str
    products: tuple[str, ...]
    country: str
    purpose: str
    source: str
    provider: str = ""
    first_seen: datetime | None
    last_seen: datetime | None
    purpose_nl: str = ""
    source_nl: str = ""


class ProcessorList(Answer):
    """The register."""

    items: tuple[Processor, ...]


class Term(Answer):
    """How long one purpose keeps a category; `months` is None where the text alone says it."""

    purpose: str
    term: str
    months: int | None
    withholds_erasure: bool
    article: str | None
    sentence: str


class Rule(Answer):
    """A row of the retention matrix; `label` is in English and Dutch."""

    rule: str
    product: str
    category: str
    label: dict[str, str]
    terms: tuple[Term, ...]
    kept_while: str | None
    managed_by_end_user: bool
    examples: tuple[str, ...]
    source: dict[str, str]
    note: str | None


class Retention(Answer):
    """The matrix in force."""

    pack: str
    version: str
    items: tuple[Rule, ...]


class Health(Answer):
    """Whether an upstream answered when it was last asked."""

    ok: bool
    kind: str | None
    reason: str | None
    checked_at: datetime


class Pause(Answer):
    """Since when, by whom and why no work is begun at an upstream."""

    since: datetime
    by: str
    reason: str


class Paused(Answer):
    """A connector that was just paused."""

    name: str
    paused: Pause


class InstalledConnector(Answer):
    """A connector: why it is refused, or what it can do."""

    name: str
    distribution: str
    version: str
    refused: str | None
    configured: bool
    health: Health | None = None
    paused: Pause | None = None
    title: str | None = None
    processor: str | None = None
    protocol: str | None = None
    level_claimed: int = 0
    finds_by: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    erases: dict[str, str] = Field(default_factory=dict)
    not_relevant: dict[str, str] = Field(default_factory=dict)
    capabilities: tuple[str, ...] = ()


class ConnectorList(Answer):
    """What is installed."""

    items: tuple[InstalledConnector, ...]
