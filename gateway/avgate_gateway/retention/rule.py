"""A retention matrix as values: its rules, and which of its purposes withstand an erasure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.retention.ground import Ground
from avgate_gateway.retention.term import Term


class Purpose(StrEnum):
    """The columns of the matrix, the strongest ground first: it decides between equal terms."""

    LEGAL_DUTY = "legal_duty"
    DISPUTES = "disputes"
    BILLING = "billing"
    FRAUD_SECURITY = "fraud_security"
    TRAFFIC_ANALYSIS = "traffic_analysis"
    CALL_HISTORY = "call_history"


class KeptWhile(StrEnum):
    """What has to run for an item to stay although nothing else keeps it."""

    CONTRACT = "contract"  # footnote 2: the terms start when the contract ends
    RETURNS = "returns"  # footnote 2 of the webshop page: for the return process


@dataclass(frozen=True, slots=True)
class Source:
    """The document a rule was taken from, as its publisher names it."""

    title: str
    version: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether a purpose withstands an erasure that a data subject asks for, and why (not)."""

    withholds: bool
    ground: Ground


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the matrix; `where` is the place in `source`, `note` what the source left open.

    What ends in `_nl` says the same in Dutch; a pack that has no Dutch for it repeats it.
    """

    product: Product
    category: Category
    label: str
    label_nl: str
    source: Source
    where: str
    terms: Mapping[Purpose, Term]
    kept_while: KeptWhile | None = None
    managed_by_end_user: bool = False
    examples: tuple[str, ...] = ()
    note: str | None = None
    where_nl: str = ""
    note_nl: str | None = None

    @property
    def id(self) -> str:
        """The rule's name in verdicts and reports, such as `voice.recording`."""
        return f"{self.product}.{self.category}"


@dataclass(frozen=True, slots=True)
class Pack:
    """The retention matrix of one controller, with every purpose judged."""

    name: str
    version: str
    title: str
    policy: Mapping[Purpose, Policy]
    rules: Mapping[tuple[Product, Category], Rule]

    def rule_for(self, product: Product, category: Category) -> Rule | None:
        """The row for such an item; None where the matrix is silent."""
        return self.rules.get((product, category))
