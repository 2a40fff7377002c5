"""The data subject, as a connector gets to see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind


@dataclass(frozen=True, slots=True)
class DataSubject:
    """The person whose data it is, known by identifiers with the days they held.

    `reference` is the controller's own opaque name for the subject, the only thing that may be
    logged. `name` is for letters; no connector may find anyone by it.
    """

    reference: str
    identifiers: tuple[Identifier, ...]
    name: str | None = field(default=None, repr=False)
    language: str = "nl"

    def of_kind(self, kind: IdentifierKind) -> tuple[Identifier, ...]:
        """The subject's identifiers of one kind, in the order given."""
        return tuple(i for i in self.identifiers if i.kind == kind)

    def known_by(self, identifiers: Iterable[Identifier], on: date | None = None) -> bool:
        """Whether any of these is the subject's, on that day where the day matters.

        `on` is when a record came into being: a number matches only inside the days it was theirs.
        """
        return any(
            mine.matches(theirs) and (on is None or (mine.covers(on) and theirs.covers(on)))
            for theirs in identifiers
            for mine in self.identifiers
        )
