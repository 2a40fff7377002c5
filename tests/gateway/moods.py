"""The ways in which an upstream may misbehave, by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from avgate_contracts.errors import (
    AmbiguousSubjectError,
    ContractBrokenError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from avgate_contracts.outcome import Completed, Effect, Failed, Outcome, Refused, Unknown

TROUBLES: dict[str, Callable[[], Exception]] = {
    "down": lambda: UnavailableError("not now"),
    "down for an hour": lambda: UnavailableError("not now", after=3600),
    "no": lambda: RefusedError("no", status=403),
    "odd": lambda: ContractBrokenError("an odd page"),
    "bug": lambda: ValueError("a fault of the connector"),
    "ambiguous": lambda: AmbiguousSubjectError("two fit"),
}
REFUSING = {  # in how many days that may change, as it says
    "refuse until": 20,
    "refuse until yesterday": -1,
    "refuse until last week": -7,
}
MOODS = (
    "done", "down", "lost before", "lost after", "bug after", "refuse", *REFUSING, "service runs",
    "fail", "unknown before", "unknown after", "silent", "lie", "pending", "pending and lost", "schedule",
    "schedule and forget", "the first only",
)  # fmt: skip
SAYS: dict[str, Outcome] = {
    "refuse": Refused("no", "it says no"),
    "service runs": Refused("service_runs", "the service runs"),
    "fail": Failed("broken", "it could not"),
    "schedule for no day": Completed(Effect.SCHEDULED),
    "schedule for never": Completed(Effect.SCHEDULED, date.max),
    "unknown before": Unknown("nobody knows"),
    "lie": Completed(Effect.ERASED),
    "said to be right": Completed(Effect.RECTIFIED),
}
OTHERWISE = {  # by mood, and whether it is the first item; of the silent one nobody hears
    ("silent", True): "fail",
    ("the first only", False): "fail",
    ("lie but of the first", False): "lie",
}
BEFORE = {
    "down": UnavailableError("not now"),
    "lost before": OutcomeUnknownError("lost on the way there"),
}
ANSWERS = ("done", "pending", "fail", "refuse", "lie", "down")
