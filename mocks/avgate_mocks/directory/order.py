"""Orders, as the DLDA interface has them, and the codes it refuses with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from avgate_mocks.directory.content import Content


class State(StrEnum):
    RECEIVED = "RECEIVED"
    PROCESSING = "PROCESSING"
    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN = frozenset({State.RECEIVED, State.PROCESSING})

REASONS: Mapping[int, str] = {
    16100: "The DL/DA API does not support toll free numbers.",
    16101: "The number does not belong to this account.",
    16102: "The vendor of this number is not supported.",
    16103: "DL/DA information cannot be changed: the number is already being processed by order %s",
    16104: "There are no numbers to process.",
    16105: "The order is already being processed and cannot be changed or cancelled.",
    16106: "The order has already failed and cannot be changed or cancelled.",
    16107: "A request or a clean-up is pending for this number. Retry in 24 hours.",
    16108: "The status of the number has changed.",
    16109: "SubscriberType is required.",
    16110: "ListingType is required.",
    16111: "The number is unknown.",
    16112: "DeleteDldaTnGroups must be true or false.",
    16113: "DeleteDldaTnGroups is not supported.",
    16114: "StateCode is invalid.",
    16115: "The order was rejected due to %s.",
    16116: "The number is in a Canadian LATA.",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    code: int
    about: str = ""  # what `%s` stands for
    number: str = ""

    @property
    def description(self) -> str:
        return REASONS[self.code].replace("%s", self.about)


class OrderRefusedError(Exception):
    """The whole order is refused, with these flaws."""

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__(*(flaw.code for flaw in flaws))
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class Group:
    numbers: tuple[str, ...]
    content: Content


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as it was sent, with nothing yet checked against the numbers there are."""

    customer_order_id: str
    groups: tuple[Group, ...]

    @property
    def numbers(self) -> Iterator[str]:
        return (number for group in self.groups for number in group.numbers)


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    state: State
    note: str


@dataclass(slots=True)
class Order:
    id: str
    account: str
    user: str
    draft: Draft
    idempotency_key: str | None
    flaws: list[Flaw]
    steps: list[Step] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.steps[-1].state

    @property
    def path(self) -> str:
        return f"/api/accounts/{self.account}/dldas/{self.id}"

    def go(self, at: datetime, state: State, note: str) -> None:
        self.steps.append(Step(at, state, note))

    def accepted(self) -> Iterator[tuple[str, Content]]:
        """The numbers that nothing is known against, each with what is to be registered."""
        bad = {flaw.number for flaw in self.flaws}
        for group in self.draft.groups:
            yield from ((number, group.content) for number in group.numbers if number not in bad)


def ended_as(succeeded: int, flaws: Sequence[Flaw]) -> State:
    if not succeeded:
        return State.FAILED
    return State.PARTIAL if flaws else State.COMPLETE
