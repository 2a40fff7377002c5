"""Looks for what an upstream holds of a person, and sets aside what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from avgate_contracts.connector import Connector, SupportsAccess, SupportsExport
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation
from avgate_gateway import confidential
from avgate_gateway.request import Scope
from avgate_gateway.vault import Box

NOT_RELEVANT = "not_relevant"
CANNOT_FIND = "cannot_find"
LEARNED = "identifiers that were learned"
_PASSED_ON = frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.CUSTOMER_ID})
_LOCAL = ZoneInfo("Europe/Amsterdam")  # the days of a number's validity are Dutch days


@dataclass(slots=True)
class Look:
    """One look through an upstream; counts what it set aside."""

    connector: Connector
    operation: Operation
    subject: DataSubject
    scope: Scope
    quarantined: int = 0
    shown: int = 0
    learned: set[Identifier] = field(default_factory=set)

    async def records(self) -> AsyncIterator[Record]:
        """Records of this person and of nobody else, within the scope of the request."""
        async for record in self._offered():
            if not self._is_theirs(record):
                self.quarantined += 1
                continue
            self._learn(record)
            if not self.scope.categories or record.item.category in self.scope.categories:
                yield record

    def learned_box(self, box: Box) -> bytes:
        """What was learned, sealed under the subject's key."""
        known = sorted(self.learned, key=lambda i: (i.kind, i.value, i.valid_from or date.min))
        return box.seal(confidential.identifiers_to_bytes(known), LEARNED)

    def _learn(self, record: Record) -> None:
        """Notes what else this upstream knows the subject by: others may find them only so."""
        if record.item.category is Category.CONTACT:
            self.learned.update(i for i in record.identifiers if i.kind in _PASSED_ON)

    def _offered(self) -> AsyncIterator[Record]:
        if self.operation is Operation.EXPORT and isinstance(self.connector, SupportsExport):
            return self.connector.export(self.subject)
        if isinstance(self.connector, SupportsAccess):
            return self.connector.access(self.subject)
        raise TypeError(f"{type(self.connector).__name__} cannot show what it holds")

    def _is_theirs(self, record: Record) -> bool:
        at = record.occurred_at
        day = at.astimezone(_LOCAL).date() if at else None
        return self.subject.known_by(record.identifiers, day)


def obstacle(
    connector: Connector, operation: Operation, subject: DataSubject
) -> tuple[str, str] | None:
    """Why a connector cannot even look: a code and a sentence; None if it can."""
    relevance = connector.manifest.not_relevant.get(operation)
    if relevance is not None:
        return NOT_RELEVANT, relevance
    wanted = SupportsExport if operation is Operation.EXPORT else SupportsAccess
    if not isinstance(connector, wanted):
        return "unsupported", f"there is no interface to {operation.value} here"
    if not any(i.kind in connector.manifest.finds_by for i in subject.identifiers):
        kinds = ", ".join(sorted(kind.value for kind in connector.manifest.finds_by))
        return (
            CANNOT_FIND,
            f"nobody can be looked up here by what is known; it takes one of: {kinds}",
        )
    return None
