"""What the stages of the flow are given: the store, the vault, the time and the connectors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from avgate_contracts.connector import Connector
from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway import confidential
from avgate_gateway.flow.circling import Circling
from avgate_gateway.flow.learning import Card
from avgate_gateway.pausing import Pauses
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.retention import Pack
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.tasks import Task
from avgate_gateway.traces import Traces
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, Box, Vault, VaultError
from avgate_gateway.warrant import Decisions, Warrants, opened

T = TypeVar("T")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """What belongs to one controller: its policy and its connectors."""

    name: str
    title: str
    language: str
    pack: Pack
    answer_within_days: int
    approval_exempt_clients: frozenset[str]
    connectors: Mapping[str, Connector]
    cooling_off: timedelta = timedelta()  # from an approval until it is carried out
    callback_hosts: frozenset[str] = frozenset()  # that a request may ask to be told at
    callback_networks: tuple[str, ...] = ()  # private ones, in which those may lie
    contact: tuple[str, ...] = ()  # how people reach the controller, line by line
    opendsr_ids: tuple[str, ...] = ()  # as senders of OpenDSR call the controller
    opendsr_verified: bool = False  # whether their word is enough of an identity
    erasures: int = 5000  # that may begin within an hour
    erasures_of_client: int = 2000


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the flow needs from outside."""

    database: Database
    vault: Vault
    now: Callable[[], datetime]
    desks: Mapping[str, Desk]
    plan_valid: timedelta
    vault_keeps: timedelta
    public_url: str | None = None  # where upstreams can call us back, if they can
    traces: Traces = field(default_factory=Traces)
    pauses: Pauses | None = None
    began: datetime = _LONG_AGO  # when this process did
    circling: Circling = field(default_factory=Circling)

    def paused(self, controller: str) -> Collection[str]:
        """The controller's connectors at which no work is begun now."""
        return self.pauses.of(controller) if self.pauses is not None else ()


@dataclass(slots=True)
class Doubt:
    """Whether two people fit at some system: told to the parts that run at the same time."""

    is_raised: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One connector's part in one request, with what its stage needs at hand."""

    context: Context
    request: SubjectRequest
    task: Task
    connector: Connector
    person: Confidential | None  # None once the key was destroyed
    references: Box  # seals and opens the connector's references
    warrants: Warrants  # tell whether an item may be acted on
    looked_with: str | None = None  # digest of what it can look by
    cards: tuple[Card, ...] = ()  # by which it looks for want of anything surer
    left_out: frozenset[IdentifierKind] = frozenset()  # kinds given without days, and not looked by
    doubt: Doubt = field(default_factory=Doubt)

    @property
    def name(self) -> str:
        return self.task.connector

    @property
    def is_paused(self) -> bool:
        """Whether nothing more is to be asked there than what is under way."""
        return self.name in self.context.paused(self.request.controller)

    @property
    def may_write(self) -> bool:
        """Whether more may be sent there, as far as is known without asking the database."""
        return not (self.is_paused or self.doubt.is_raised)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The personal part of a request, with the boxes of its references and of its copy.

    Without person and box once the subject's key was destroyed.
    """

    references: Box
    warrants: Warrants
    person: Confidential | None = None
    box: Box | None = None


class AlteredError(Exception):
    """The request's row does not say what was decided: somebody else than the gateway wrote it."""


async def unsealed(context: Context, request: SubjectRequest) -> Unsealed:
    """Opens what a request holds of the subject.

    Raises VaultError where even that is gone, and AlteredError where it was changed or identity was
    never verified as the row says.
    """
    async with context.database.read() as db:
        sealed = await requests.sealed(db, request.id)
    references = context.vault.box(sealed.retention_key, request.id, RETENTION_KEY)
    decisions = _unaltered(lambda: opened(sealed.decisions, references))
    if decisions.identity is None or decisions.identity != request.identity:
        raise AlteredError
    warrants = Warrants.of(references, decisions)
    if sealed.subject_key is None or sealed.confidential is None:
        return Unsealed(references, warrants)
    box = context.vault.box(sealed.subject_key, request.id, SUBJECT_KEY)
    plain = _unaltered(partial(box.open, sealed.confidential, confidential.CONTEXT))
    return Unsealed(references, warrants, confidential.from_bytes(plain), box)


def _unaltered(opening: Callable[[], T]) -> T:
    try:
        return opening()
    except VaultError:
        raise AlteredError from None


async def sealed_decisions(
    db: Connection, context: Context, request_id: str, decide: Callable[[Decisions], Decisions]
) -> bytes:
    """What was decided about a request, and what is now, for the transaction that acts on it."""
    sealed = await requests.sealed(db, request_id)
    references = context.vault.box(sealed.retention_key, request_id, RETENTION_KEY)
    return decide(opened(sealed.decisions, references)).sealed(references)
