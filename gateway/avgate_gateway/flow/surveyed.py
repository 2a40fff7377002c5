"""What a survey of all systems tells of a person: numbers, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from avgate_contracts.record import Record, Unseen
from avgate_contracts.vocabulary import Category, IdentifierKind
from avgate_gateway.flow.tallying import Line


class Silence(StrEnum):
    """Why there is no number of a system."""

    NOT_RELEVANT = "not_relevant"
    CANNOT_FIND = "cannot_find"  # it takes something else than what was given
    DAYS_UNKNOWN = "days_unknown"  # nobody says on which days a number was theirs
    UNPROVEN = "unproven"  # something was found that may be anybody's
    UNSUPPORTED = "unsupported"
    PASSED_ON = "passed_on"  # asking is a request to another company
    AMBIGUOUS = "ambiguous"
    HELD_BACK = "held_back"  # it fits more than one person elsewhere
    PAUSED = "paused"  # somebody paused it: it is not called
    SLOW = "slow"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    CONTRACT_BROKEN = "contract_broken"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a system may take in all, waiting for its turn included, and how much is counted."""

    seconds: float = 20.0
    most: int = 10_000


@dataclass(frozen=True, slots=True)
class Revealed:
    """Of which system, and what of it, the records themselves are wanted."""

    connector: str
    categories: frozenset[Category]
    most: int = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system said; `silence` says why where it said nothing, `needs` what would help.

    `is_all`: not where counting was stopped. `records` are empty unless they were wanted.
    """

    connector: str
    title: str
    seconds: float = 0.0
    silence: Silence | None = None
    needs: frozenset[IdentifierKind] = frozenset()
    lines: tuple[Line, ...] = ()
    set_aside: int = 0
    unseen: tuple[Unseen, ...] = ()
    is_all: bool = True
    records: tuple[Record, ...] = field(default=(), repr=False)

    @property
    def count(self) -> int:
        return sum(line.count for line in self.lines)
