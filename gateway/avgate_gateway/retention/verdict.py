"""What an erasure comes to for one item, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from avgate_gateway.retention.ground import Ground


class Action(StrEnum):
    """What is to be done with an item."""

    ERASE = "erase"
    ANONYMISE = "anonymise"
    DELIST = "delist"
    FORWARD = "forward"
    BY_HAND = "by_hand"
    RETAIN = "retain"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one item.

    `until` is the last day a retained item stays; None: as long as the service runs. `rule` is the
    id of the rule that decided; None where the matrix has no rule.
    """

    action: Action
    ground: Ground
    until: date | None = None
    rule: str | None = None

    @property
    def goes_on(self) -> date | None:
        """The day a retained item erases itself: the day after its last; None if not known yet."""
        if self.until is None or self.until == date.max:
            return None
        return self.until + timedelta(days=1)
