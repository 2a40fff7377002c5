"""Looks for what an upstream holds of a person, and sets aside what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from avgate_contracts.connector import Connector, SupportsAccess, SupportsExport
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import Scope

_LOCAL = ZoneInfo("Europe/Amsterdam")  # the days of a number's validity are Dutch days


@dataclass(slots=True)
class Look:
    """One look through an upstream; counts what it set aside."""

    connector: Connector
    operation: Operation
    subject: DataSubject
    scope: Scope
    quarantined: int = 0

    async def records(self) -> AsyncIterator[Record]:
        """Records of this person and of nobody else, within the scope of the request."""
        async for record in self._offered():
            if not self._is_theirs(record):
                self.quarantined += 1
            elif not self.scope.categories or record.item.category in self.scope.categories:
                yield record

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
        return "not_relevant", relevance
    wanted = SupportsExport if operation is Operation.EXPORT else SupportsAccess
    if not isinstance(connector, wanted):
        return "unsupported", f"there is no interface to {operation.value} here"
    if not any(i.kind in connector.manifest.finds_by for i in subject.identifiers):
        kinds = ", ".join(sorted(kind.value for kind in connector.manifest.finds_by))
        return (
            "cannot_find",
            f"nobody can be found here by what was given; it takes one of: {kinds}",
        )
    return None
