"""When a call is billed, and until when its bill can be disputed."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from enum import StrEnum

from avgate_mocks.people import FEWEST, Call, Person, scramble

DISPUTE_MONTHS = 6  # as the retention matrix: purpose D
_RATED_AFTER = timedelta(days=2)
_PRICE_PER_MINUTE = 0.021
_UNSETTLED = 11  # every eleventh ordinary person has an invoice under dispute


class Status(StrEnum):
    """The states of TMF635 that calls pass through."""

    RECEIVED = "received"
    RATED = "rated"
    BILLED = "billed"


def is_charged(call: Call) -> bool:
    """Outgoing calls cost by the minute, one in four is covered by a bundle."""
    return (
        not call.incoming
        and call.duration_seconds > 0
        and scramble(call.channel, call.index) % 4 > 0
    )


def price(call: Call) -> float:
    return round(call.duration_seconds / 60 * _PRICE_PER_MINUTE, 4)


def status(call: Call, now: datetime) -> Status:
    if now < call.at + _RATED_AFTER:
        return Status.RECEIVED
    # Bills are made on the first of the next month.
    is_billed = (call.at.year, call.at.month) < (now.year, now.month) and is_charged(call)
    return Status.BILLED if is_billed else Status.RATED


def disputable_until(call: Call) -> datetime:
    return months_after(call.at, DISPUTE_MONTHS)


def is_under_dispute(person: Person, call: Call) -> bool:
    """Whether its invoice is disputed at this moment: some people's oldest calls, for good."""
    ordinary = person.position > FEWEST and person.position % _UNSETTLED == 0
    return ordinary and is_charged(call) and call.index < 10


def months_after(at: datetime, months: int) -> datetime:
    """The same day so many months on, or the last day of a month that is shorter."""
    year, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + year, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))
