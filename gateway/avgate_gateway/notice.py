"""What is told to others about a request: ids and words of ours, never anything of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson


class Event(StrEnum):
    """Something that happened to a request, or to what is sent of it."""

    RECEIVED = "request.received"
    IDENTIFIED = "request.identified"
    RUNNING = "request.running"
    WAITING = "request.waiting"
    EXTENDED = "request.extended"
    CLOSED = "request.closed"
    TASK_OPENED = "task.opened"
    TASK_COMPLETED = "task.completed"
    SETTLED = "connector.settled"
    RETURNED = "item.returned"
    TEST = "webhook.test"


MEANINGS: Mapping[Event, str] = {
    Event.RECEIVED: "A request was recorded.",
    Event.IDENTIFIED: "Identity was verified, after the request was received without.",
    Event.RUNNING: "Work on it began, or goes on.",
    Event.WAITING: "It waits: `waiting_for` says for whom.",
    Event.EXTENDED: "Two more months were taken; `until` is the new last day.",
    Event.CLOSED: "It ended; `closing` says why, where it was not carried out.",
    Event.TASK_OPENED: "A person has something to do by hand: `task_id`, `connector`, `due`.",
    Event.TASK_COMPLETED: "A person said that it is done: `task_id`, `connector`.",
    Event.SETTLED: "A system is through for now: `connector`, `result` (`done`, `not_done`, "
    "`stuck`) and, where not done, `code`.",
    Event.RETURNED: "What was erased is there again: `connector`, `count`.",
    Event.TEST: "Somebody asked for a test; it is about no request.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is sent: `data` holds ids and words, and moments as text."""

    event: Event
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> str:
        """The JSON that Standard Webhooks 1.0 asks for; the same bytes with every try."""
        told = {"type": self.event.value, "timestamp": self.at, "data": dict(self.data)}
        return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


def from_evidence(event: str, details: Mapping[str, Any]) -> tuple[Event, dict[str, Any]] | None:
    """What an entry of the evidence tells others, if it is for them: of its details the few named.

    What nothing is noted of is told where it happens: the states between, and work by hand.
    """
    result = _result(event, details)
    if result is not None:
        code = {} if result == "done" else {"code": details.get("code")}
        return Event.SETTLED, {"connector": details.get("connector"), "result": result, **code}
    if event == "task.looked_again" and details.get("returned"):
        return Event.RETURNED, {
            "connector": details.get("connector"),
            "count": details["returned"],
        }
    known = _PLAINLY.get(event)
    return None if known is None else (known[0], {name: details.get(name) for name in known[1:]})


def _result(event: str, details: Mapping[str, Any]) -> str | None:
    """What a system's part came to, if it is through."""
    match event:
        case "task.copied" | "task.verified":
            return "done"
        case "task.not_done":
            return "not_done"
        case "task.attempted" if details.get("next_in_seconds") is None:
            return "stuck"
        case _:
            return None


# The event, and which details go with it.
_PLAINLY: Mapping[str, tuple[Event, *tuple[str, ...]]] = {
    "request.received": (Event.RECEIVED,),
    "identity.verified": (Event.IDENTIFIED,),
    "request.extended": (Event.EXTENDED, "until"),
    "request.closed": (Event.CLOSED, "closing"),
}
