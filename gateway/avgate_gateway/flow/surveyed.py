"""What a survey of all systems tells of a person: numbers, or why there are none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from avgate_contracts.record import Record, Unseen
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind
from avgate_gateway.flow.tallying import Line
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.item import Item


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


Left = Callable[[str, DataSubject], Awaitable[dict[str, Item]]]
"""What earlier erasures left with a system, by the connector's own reference."""


async def nothing_left(connector: str, subject: DataSubject) -> dict[str, Item]:  # noqa: ARG001 -- a Left
    """Where no request came before."""
    return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system said; `silence` says why where it said nothing, `needs` what would help.

    `left_earlier` is there as well, though no look finds it. `is_all`: not where counting was stopped. `records` are empty unless they were wanted.
    """

    connector: str
    title: str
    seconds: float = 0.0
    silence: Silence | None = None
    needs: frozenset[IdentifierKind] = frozenset()
    lines: tuple[Line, ...] = ()
    set_aside: int = 0
    unseen: tuple[Unseen, ...] = ()
    left_earlier: tuple[LeftEarlier, ...] = ()
    is_all: bool = True
    records: tuple[Record, ...] = field(default=(), repr=False)

    @property
    def count(self) -> int:
        return sum(line.count for line in self.lines)
