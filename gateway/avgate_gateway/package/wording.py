"""What the page for the person says: the parts that every language must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Product
from avgate_gateway.package.content import SystemOutcome


@dataclass(frozen=True, slots=True)
class Wording:
    """One language, at reading level B1. What stands in braces is filled in by `readme`.

    `purposes` are keyed by operation; `outcomes` say what was found, per system, `unseen` and
    `asked` what is missing of a part of it. `identifiers` stand in an enumeration.
    `narrowed` says that not everything was asked for, and the two after it to what it was narrowed.
    """

    path: str
    months: Sequence[str]
    date: str
    purposes: Mapping[str, str]
    outcomes: Mapping[SystemOutcome, str]
    narrowed: str
    only_systems: str
    only_categories: str
    reason: str
    unseen: Mapping[WhyUnseen, str]
    kept_until: str  # by an earlier erasure, as the law demands
    kept: str  # the same, as long as a service runs
    left_to_staff: str  # by an earlier erasure, for a person to remove
    asked: str
    files_gone: str  # listed, and no longer there when they were to be copied
    identifiers: Mapping[IdentifierKind, str]
    categories: Mapping[Category, str]
    products: Mapping[Product, str]
    page: str
