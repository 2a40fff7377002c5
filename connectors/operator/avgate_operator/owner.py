"""A party, and what it is known by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from avgate_contracts import Identifier
from avgate_operator.models import Individual, Service


@dataclass(frozen=True)
class Owner:
    """A party with its services, which may outlive their individual; and `lines` of others."""

    id: str
    individual: Individual | None
    services: tuple[Service, ...]
    lines: tuple[Identifier, ...] = ()

    @cached_property  # every item of theirs names them all
    def identifiers(self) -> tuple[Identifier, ...]:
        """All that is said of them; of the days of a number the individual knows best, if it is theirs."""
        said = self.individual.identifiers if self.individual else ()
        found = dict.fromkeys(e for e in said if not any(e.matches(line) for line in self.lines))
        known = {(each.kind, each.value) for each in found}
        told = (each for service in self.services for each in service.identifiers)
        return (*found, *(each for each in told if (each.kind, each.value) not in known))

    @property
    def runs(self) -> bool:
        return any(service.runs for service in self.services)

    @property
    def ended_at(self) -> datetime | None:
        """When the last contract ended: from then on the terms of contact data run."""
        ends = [service.ended_at for service in self.services]
        return None if None in ends else max(filter(None, ends), default=None)
