"""Bugs for the runner to find: what does not find these proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from avgate_contracts.outcome import Completed, Effect, ItemOutcome
from avgate_contracts.record import ItemRef
from avgate_gateway.flow import executing
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.locating import refs_of
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import evidence, idempotency, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.idempotency import Stored
from avgate_gateway.store.item import Item
from avgate_operator import OperatorConnector

Details = Mapping[str, Any]


def no_sweep() -> None:
    """Nobody looks for what was forgotten."""

    async def due(*_: Any, **__: Any) -> Sequence[str]:
        return []

    requests.due = due


def key_after() -> None:
    """The key of a request is written after the request, in a transaction of its own."""
    kept: list[tuple[str, Stored, datetime]] = []

    async def keep(db: Connection, scope: str, stored: Stored, now: datetime) -> None:
        kept.append((scope, stored, now))

    find = idempotency.find

    async def find_late(db: Any, scope: str) -> Any:
        while kept:
            await original(db, *kept.pop())
        return await find(db, scope)

    original, idempotency.keep, idempotency.find = idempotency.keep, keep, find_late


def outcome_first() -> None:
    """What became of an item is written before it is done."""
    ask = executing._ask

    async def early(part: Any, batch: Any, key: str) -> Any:
        told = [ItemOutcome(ref.ref, Completed(Effect.ERASED)) for ref in refs_of(part, batch)]
        await executing.write_outcomes(part, batch, told, key)
        return await ask(part, batch, key)

    async def nothing(self: OperatorConnector, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        return []

    executing._ask = early
    # Or what was not done would be seen, and done after all.
    OperatorConnector.still_held = nothing  # type: ignore[method-assign] # it is the bug


def intention_after() -> None:
    """What is intended is written into the evidence once it is done."""
    note = evidence.note
    waiting: list[tuple[SubjectRequest, str, Details | None]] = []

    async def late(
        db: Connection,
        at: datetime,
        request: SubjectRequest,
        event: str,
        details: Details | None = None,
    ) -> None:
        if event == "effect.intended":
            waiting.append((request, event, details))
            return
        while waiting and event == "effect.ended":
            await note(db, at, *waiting.pop())
        await note(db, at, request, event, details)

    evidence.note = late


def fresh_key() -> None:
    """What is sent again after a death has another key than before: nobody upstream knows it again."""
    ask = executing._ask

    async def anew(part: Part, batch: Sequence[Item], key: str) -> Sequence[ItemOutcome]:
        return await ask(part, batch, str(uuid4()))

    executing._ask = anew


def sent_again() -> None:
    """What was sent is sent once more without a look at what became of it."""
    ask = executing._ask

    async def twice(part: Any, batch: Any, key: str) -> Any:
        await ask(part, batch, key)
        return await ask(part, batch, str(uuid4()))

    executing._ask = twice


def stumbles() -> None:
    """Once, somebody who looks at the evidence meets a mistake of ours, and is answered when they repeat it."""
    entries, stumbled = evidence.entries, list[bool]()

    async def once(*of: Any, **more: Any) -> Any:
        if not stumbled:
            stumbled.append(True)
            raise KeyError
        return await entries(*of, **more)

    evidence.entries = once


BUGS: dict[str, Callable[[], None]] = {
    "no_sweep": no_sweep,
    "key_after": key_after,
    "outcome_first": outcome_first,
    "intention_after": intention_after,
    "fresh_key": fresh_key,
    "sent_again": sent_again,
    "stumbles": stumbles,
}


def plant(name: str) -> None:
    """Plants a bug by its name; none for the empty one."""
    if name:
        BUGS[name]()
