"""The decisions of the real flow, as the model asks for them: none is copied here.

What depends on few things is remembered, for a run asks the same a thousand times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from avgate_contracts.errors import AmbiguousSubjectError, RefusedError, UnavailableError
from avgate_contracts.outcome import (
    Completed,
    Effect,
    Failed,
    NothingHeld,
    Outcome,
    Pending,
    Refused,
    Unknown,
)
from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.due import due_dates
from avgate_gateway.flow import executing, later, outcomes, planning, verifying
from avgate_gateway.flow.trouble import Trouble, trouble_of
from avgate_gateway.plan import Located, PlanBuilder
from avgate_gateway.retention import AMSTERDAM, Verdict, decide, load_pack, local_day

from .as_rows import having

PACK = load_pack("libervoice-2019")
_NOON = time(12)
PLAN_VALID = timedelta(days=7)
KEYS_KEPT = timedelta(days=30)
CONFIRMED_AFTER = timedelta(minutes=5)
SCHEDULED_AFTER = timedelta(days=10)
_REFS = {
    "card": ItemRef("", Category.CONTACTS, Product.VOICE),
    "kept": ItemRef("", Category.COMMUNICATION_METADATA, Product.VOICE),
    "paper": ItemRef("", Category.VOICEMAIL, Product.VOICE, erasure=ErasureWay.BY_HAND),
}

TROUBLES: dict[str, Trouble] = {
    "down": trouble_of(UnavailableError("not now")),
    "lost": trouble_of(UnavailableError("lost again", after=1)),
    "no": trouble_of(RefusedError("no", status=403)),
    "ambiguous": trouble_of(AmbiguousSubjectError("two fit")),
    "fault": trouble_of(ValueError("a fault of the connector, or of the database")),
}
MOST_TRIES = max(trouble.tries for trouble in TROUBLES.values())
_OUTCOMES: dict[str, Outcome] = {
    "erased": Completed(Effect.ERASED),
    "absent": NothingHeld(),
    "refused": Refused("no", "it says no"),
    "running": Refused("service_runs", "the service runs"),
    "failed": Failed("broken", "it could not"),
    "unknown": Unknown("nobody knows"),
    "gone": Completed(Effect.ALREADY_GONE),
}


def promised_of(received: datetime) -> date:
    return due_dates(received, 28).promised


def columns(told: str, now: datetime, key: str, *, is_repeat: bool) -> dict[str, Any]:
    """What is written of an item of which the upstream told this, in a word of `_OUTCOMES`."""
    if told == "pending":
        outcome: Outcome = Pending(key, now + CONFIRMED_AFTER)
    elif told == "scheduled":
        outcome = Completed(Effect.SCHEDULED, local_day(now + SCHEDULED_AFTER))
    else:
        outcome = _OUTCOMES[told]
        if is_repeat:
            outcome = executing._ours(outcome, ErasureWay.DELETE)
    return outcomes.columns(outcome, now)


_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # these outcomes are the same at any
STILL = outcomes.columns(verifying._STILL, _ANY_TIME)
LATE = outcomes.columns(later._LATE, _ANY_TIME)
RETURNED = outcomes.columns(later._RETURNED, _ANY_TIME)


@cache
def batch_key(connector: str, digest: str, tries: int) -> str:
    part = having(request=having(id="r"), name=connector)
    return executing.batch_key(part, having(digest=digest, tries=tries))


@cache
def _ref(kind: str) -> ItemRef:
    starts = datetime(2026, 2, 21, 12, tzinfo=AMSTERDAM)
    return replace(_REFS[kind], term_starts=starts if kind == "kept" else None)


def plan_on(items: Sequence[tuple[str, str, str]], now: datetime) -> tuple[str, Any]:
    """The digest, and for each item the columns that planning writes.

    `items` are connector, digest and kind. A plan depends on the day, not on the time of it.
    """
    return _plan_of(items, datetime.combine(local_day(now), _NOON, AMSTERDAM))


@cache
def _plan_of(items: Sequence[tuple[str, str, str]], now: datetime) -> tuple[str, Any]:
    builder = PlanBuilder(PACK, now)
    rows = [
        planning._verdict_row(
            0, builder.add(Located(connector, digest, replace(_ref(kind), ref=digest))), now
        )
        for connector, digest, kind in items
    ]
    return builder.build("r", now + PLAN_VALID).digest, rows


@cache
def verdict_of(kind: str, now: datetime) -> Verdict:
    """What the law says of a kept item on a later day."""
    return decide(_ref(kind), PACK, now)
