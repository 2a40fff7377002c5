"""A party, and what it is known by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from avgate_contracts import AmbiguousSubjectError, DataSubject, Identifier, IdentifierKind
from avgate_operator.models import Individual, Service, Usage


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
        found = dict.fromkeys(each for each in said if not self._is_anothers(each))
        known = {(each.kind, each.value) for each in found}
        return (*found, *(each for each in self._told() if (each.kind, each.value) not in known))

    @property
    def whenever(self) -> tuple[Identifier, ...]:
        """The same for what has a day of its own: whom a mailbox singles out, it does after its end as well."""
        return tuple(
            replace(each, valid_until=None) if each.kind is IdentifierKind.EMAIL else each
            for each in self.identifiers
        )

    def _told(self) -> Iterator[Identifier]:
        """What their services say, but for what has yet to come and for what others have by now."""
        for service in self.services:
            if service.was_delivered:
                sure = service.states_days
                yield from (e for e in service.identifiers if sure or not self._is_anothers(e))

    def _is_anothers(self, known: Identifier) -> bool:
        return any(known.matches(line) for line in self.lines)

    @property
    def runs(self) -> bool:
        return any(service.runs for service in self.services)

    @property
    def ended_at(self) -> datetime | None:
        """When the last contract ended: from then on the terms of contact data run."""
        ends = [service.ended_at for service in self.services]
        return None if None in ends else max(filter(None, ends), default=None)


def version(of: Service | Usage, party: str) -> str:
    """Tells whether it changed hands, and not in whose it is."""
    return sha256(f"{party}\n{of.id}".encode()).hexdigest()[:16]


def whose(individual: Individual) -> str:
    """Tells whether it is another customer's by now, by their number.

    It stays beside the item in the open, so it is too short for anybody to be found by it.
    """
    own = individual.identifiers
    numbers = sorted(each.value for each in own if each.kind is IdentifierKind.CUSTOMER_ID)
    return sha256("\n".join([individual.id, *numbers]).encode()).hexdigest()[:4]


def versions(found: Service | Usage | Individual) -> list[str]:
    """Those that it may be known by: of whoever has it."""
    if isinstance(found, Individual):
        return [whose(found)]
    return [version(found, party) for party in sorted(found.parties)]


def is_of(found: Service | Usage | Individual, known: str | None) -> bool:
    """Whether it is still that customer's with whom it was found: ids are given out anew.

    A call may have lost whose it is, as its customer goes.
    """
    is_nobodys = isinstance(found, Usage) and not found.parties
    return known is None or is_nobodys or known in versions(found)


def the_one(subject: DataSubject, owners: Sequence[Owner]) -> Owner | None:
    """The party that every identifier fits that fits any; raises AmbiguousSubjectError.

    If customer ids are given, one has to fit, unless the individual that had it is gone.
    """
    numbers, told = set[str](), list[set[str]]()
    for known in subject.identifiers:
        fits = {o.id for o in owners if any(known.matches(own) for own in o.identifiers)}
        if known.kind is IdentifierKind.CUSTOMER_ID:
            numbers |= fits
        elif fits:
            told.append(fits)
    if subject.of_kind(IdentifierKind.CUSTOMER_ID):
        told.append(numbers or {owner.id for owner in owners if owner.individual is None})
    if not any(told):
        return None
    left = set.intersection(*told)
    if len(left) != 1:
        raise AmbiguousSubjectError(
            "the identifiers fit more than one person, or contradict one another; give others, "
            "or the days on which a number was the subject's"
        )
    return next(owner for owner in owners if owner.id in left)
