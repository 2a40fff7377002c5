"""A request, as it stood when the gateway was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Literal, Protocol, Self

from pydantic import Field, PrivateAttr

from avgate_client.answers.answer import Answer
from avgate_client.answers.evidence import Event

Until = Literal["settled", "closed"]
_PEOPLE = frozenset({"identity", "approval", "person"})


class Due(Answer):
    """The last days to answer, each included."""

    promised: date
    legal: date
    extended: date | None = None


class Subject(Answer):
    """The data subject, without anything that identifies them to others."""

    reference: str
    identifier_kinds: tuple[str, ...] = ()
    language: str = "nl"


class IdentityCheck(Answer):
    """How identity was verified."""

    method: str
    verified_by: str = Field(repr=False)
    verified_at: datetime


class PlanInForce(Answer):
    """Which plan is up for approval, or was approved."""

    digest: str
    valid_until: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    begins_at: datetime | None = None


class UnseenPart(Answer):
    """A part of an upstream that could not be looked into."""

    part: str
    reason_code: str
    needs: tuple[str, ...] = ()
    outcome: str


class LeftEarlier(Answer):
    """What an earlier erasure left here, and no look finds any more."""

    request_id: str
    category: str
    product: str
    count: int
    outcome: str
    ground: str | None = None
    until: date | None = None


class ConnectorPart(Answer):
    """How one connector stands with a request; `outcome` is None while it is under way."""

    connector: str
    stage: str
    outcome: str | None
    items: dict[str, int]
    attempts: int
    next_attempt_at: datetime | None
    reason_code: str | None = None
    reason: str | None
    quarantined: int
    unseen: tuple[UnseenPart, ...] = ()
    left_earlier: tuple[LeftEarlier, ...] = ()


class Request(Answer):
    """A request as it stood when it was read; `wait` and `events` follow it from there."""

    id: str
    operation: str
    state: str
    waiting_for: str | None
    held_up: str | None = None
    controller: str
    submitted_by: str
    subject: Subject
    scope: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    received_at: datetime
    due: Due
    extension_reason: str | None = Field(None, repr=False)
    identity: IdentityCheck | None = None
    plan: PlanInForce | None
    connectors: tuple[ConnectorPart, ...]
    closed_at: datetime | None = None
    closing: str | None

    _followed_by: Follower | None = PrivateAttr(None)

    @property
    def is_closed(self) -> bool:
        return self.state == "closed"

    @property
    def waits_for_a_person(self) -> bool:
        return self.waiting_for in _PEOPLE

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens by itself: it is closed, or waits for a person."""
        return self.is_closed or self.waits_for_a_person

    async def wait(self, until: Until = "settled", *, seconds: float | None = None) -> Request:
        """The request once it is settled, or closed; raises StillUnderWayError after `seconds`."""
        return await self._follower().wait(self.id, until, seconds=seconds)

    def events(self, *, after: int = 0) -> AsyncIterator[Event]:
        """What happened and happens to it, until it is closed; those after this one only."""
        return self._follower().events(self.id, after=after)

    def followed_by(self, follower: Follower) -> Self:
        """The same, to be followed by this client."""
        self._followed_by = follower
        return self

    def _follower(self) -> Follower:
        if self._followed_by is None:
            raise RuntimeError("only a request that a client has read can be followed")
        return self._followed_by


class Follower(Protocol):
    """What a request needs of the client that read it."""

    async def wait(
        self, request_id: str, until: Until = "settled", *, seconds: float | None = None
    ) -> Request: ...

    def events(self, request_id: str, *, after: int = 0) -> AsyncIterator[Event]: ...
