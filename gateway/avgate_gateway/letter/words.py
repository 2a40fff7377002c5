"""What a letter says: the parts that every language must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Operation, Product
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import WaitingFor


@dataclass(frozen=True, slots=True)
class Columns:
    """The headers of the tables, from left to right."""

    system: str
    data: str
    count: str
    done: str
    kept: str
    open: str
    refused: str
    company: str
    work: str


@dataclass(frozen=True, slots=True)
class Headings:
    """The titles of the sections, in the order in which they come."""

    meanwhile: str
    done: str
    kept: str
    open: str
    earlier: str
    refused: str
    unlooked: str
    recipients: str
    handed_over: str
    providers: str
    identity: str
    disagree: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language, at reading level B1. What stands in braces is filled in by `content`.

    `subjects` and `asked` are keyed by operation; `outcomes` by what became of an item: `{on}` is
    filled with `on` where the day is known, `{from}` with `effective`. `reasons` are keyed by the
    codes that items and tasks carry; a code that is not among them adds nothing, or `no_reason` to
    a refusal, which may not stand without one. `closings` say why a request ended without being
    carried out, and `stopped` that of one that staff ended for a reason of theirs. `names` are what the register and connectors call in
    English words; what is not among them is a name, and stays.
    """

    tag: str
    months: Sequence[str]
    date: str
    date_label: str
    reference_label: str
    subject_label: str
    page_label: str
    title_answer: str
    title_interim: str
    salutation: str
    closing: str
    subjects: Mapping[Operation, str]
    asked: Mapping[Operation, str]
    fields_intro: str
    fields: Mapping[Field, str]
    narrowed_systems: str
    narrowed_categories: str
    here_is_the_answer: str
    not_ready_yet: str
    in_short: str
    tallies: Mapping[str, tuple[str, str]]  # of one, of several
    nothing_found: str
    headings: Headings
    columns: Columns
    waiting: Mapping[WaitingFor, str]
    running: str
    answer_by: str
    extended: str
    extension_reason: str
    closings: Mapping[str, str]
    stopped: str
    refusal: str
    refusal_unsaid: str
    refusal_of_part: str
    on: str
    between: str
    effective: str
    not_before: str
    by: str
    asked_unconfirmed: str
    outcomes: Mapping[OutcomeWord, str]
    correction_scheduled: str
    delisted: str
    reasons: Mapping[str, str]
    no_reason: str
    kept_until: str
    kept_between: str
    kept_open: str
    kept_goes_by_itself: str
    law: str
    earlier_left_by: str
    earlier_by_hand: str
    earlier_no_copy: str
    not_in_copy: str
    unlooked: Mapping[WhyUnseen, str]
    unlooked_done: str
    identifiers: Mapping[IdentifierKind, str]
    categories: Mapping[Category, str]
    products: Mapping[Product, str]
    names: Mapping[str, str]
    recipients: str
    recipients_none: str
    recipients_waiting: str
    handed_over: str
    handed_over_waits: str
    handed_over_failed: str
    providers: str
    providers_none: str
    identity: str
    identity_open: str
    identity_none: str
    copy: str
    copy_lacks: str
    files_gone: str
    ask_again: str
    object: str
    contact: str
    complaint: str
    court: str
    court_interim: str
