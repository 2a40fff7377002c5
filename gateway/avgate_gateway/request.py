"""A request: one operation, asked for one data subject, by one controller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.plan import WantedChange

COPIES = frozenset({Operation.ACCESS, Operation.EXPORT})  # nothing is changed, so nothing planned


class State(StrEnum):
    """Where a request is; what became of it is in the outcomes."""

    RECEIVED = "received"
    RUNNING = "running"
    WAITING = "waiting"
    CLOSED = "closed"


class WaitingFor(StrEnum):
    """Whose turn it is while a request waits."""

    IDENTITY = "identity"
    APPROVAL = "approval"
    PERSON = "person"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """That, how, by whom and when identity was verified; never the document itself."""

    method: str
    verified_by: str
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request is narrowed to; empty means everything."""

    connectors: frozenset[str] = frozenset()
    categories: frozenset[Category] = frozenset()

    @property
    def is_by_category(self) -> bool:
        """Whether of what an upstream holds only a part is asked for."""
        return bool(self.categories)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Confidential:
    """The part of a request that is personal data, kept only in the vault."""

    subject: DataSubject
    changes: tuple[WantedChange, ...] = ()
    recipient: str | None = None  # whose age key the copy is sealed for


@dataclass(frozen=True, slots=True)
class Approval:
    """Who agreed to which plan."""

    by: str
    at: datetime
    plan_digest: str
    begins_at: datetime | None = None  # until then it may be withdrawn


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """A request as it is recorded, without the personal data."""

    id: str
    controller: str
    client_id: str
    operation: Operation
    state: State
    waiting_for: WaitingFor | None
    received_at: datetime
    promised: date
    legal: date
    reference: str
    identifier_kinds: tuple[str, ...]
    language: str
    scope: Scope
    version: int
    extended: date | None = None
    extension_reason: str | None = None  # sealed elsewhere; opened where it is shown
    identity: IdentityCheck | None = None
    plan_digest: str | None = None
    plan_valid_until: datetime | None = None
    approval: Approval | None = None
    closing: str | None = None  # why it closed, where that was not by being carried out
    closed_at: datetime | None = None
    wake_at: datetime | None = None
    submitter: str | None = None  # keyed digest of the person, None before that was kept
    callback_host: str | None = None  # whom its events are sent to; the address is sealed
    submitted_at: datetime | None = (
        None  # when the data subject asked, if that is told and plausible
    )

    @property
    def counts_from(self) -> datetime:
        """From when the days to answer are counted."""
        return self.submitted_at or self.received_at
