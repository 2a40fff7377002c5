"""Stage EXECUTE: intention written, effect done under a stable key, outcome written.

Items go in batches. A batch is fixed on disk before the upstream hears of it, and its name is the
key upstream: after a crash the same batch is sent again under the same key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from avgate_contracts.connector import SupportsCallback, SupportsErase, SupportsRectify
from avgate_contracts.errors import OutcomeUnknownError, UnavailableError
from avgate_contracts.outcome import (
    Completed,
    Effect,
    ItemOutcome,
    NothingHeld,
    Outcome,
    Unknown,
)
from avgate_contracts.record import ErasureWay, ItemChange
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.locating import refs_of
from avgate_gateway.flow.outcomes import (
    ALTERED,
    are_pending,
    asked_now,
    columns,
    effect_of,
    written,
)
from avgate_gateway.flow.plan_freshness import look_first
from avgate_gateway.flow.recipients import told_to
from avgate_gateway.store import callbacks, evidence, holding, items, tasks
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.store.untroubled import untroubled

# What a batch came to, and comes to again if it is sent again under its key. One with an item that
# was gone before, or that people took over, is not: it would be said to be our doing.
_REPEATABLE = frozenset(
    {
        ItemState.UNKNOWN, ItemState.PENDING, ItemState.ERASED, ItemState.ANONYMISED,
        ItemState.SCHEDULED, ItemState.RECTIFIED, ItemState.ALREADY_RIGHT, ItemState.REFUSED,
        ItemState.FAILED, ItemState.BY_HAND,
    }
)  # fmt: skip
_UNFINISHED = (ItemState.INTENDED, ItemState.APPROVED, ItemState.UNKNOWN)
_BATCH = 100
_WAITS = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600)  # seconds: it may take no writes for hours
_LOOKS_AT_UNKNOWN = len(_WAITS) + 1


async def execute(part: Part) -> bool:
    """Carries out what was approved; False where it has to stop before the end. Raises what the connector raises."""
    await look_first(part)
    looked = set[int]()
    while True:
        found = await _unfinished(part)
        if found and not part.may_write:
            return False
        if ItemState.INTENDED in found:
            await _carry_out(part, await _intended(part), is_repeat=True)
        elif ItemState.APPROVED in found:
            await _carry_out(part, await _intend(part), is_repeat=False)
        elif ItemState.UNKNOWN not in found or not await _read_back(part, looked):
            return True


async def _unfinished(part: Part) -> frozenset[ItemState]:
    """The states of items that are not at their end: most connectors have none of some."""
    async with part.context.database.read() as db:
        return await items.states_among(db, part.request.id, part.name, _UNFINISHED)


async def _intended(part: Part) -> Sequence[Item]:
    """A batch that was begun and whose outcome is not on disk."""
    async with part.context.database.read() as db:
        begun = await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.INTENDED], limit=1
        )
        if not begun:
            return []
        return await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.INTENDED],
            batch=begun[0].batch, limit=_BATCH,
        )  # fmt: skip


async def _intend(part: Part) -> Sequence[Item]:
    now = part.context.now()
    async with part.context.database.write() as db:
        rows = await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.APPROVED], limit=_BATCH
        )
        if not rows or part.doubt.is_raised:  # asked here, no intention comes after the doubt
            return []
        rows = [row for row in rows if row.tries == rows[0].tries]
        name = batch_key(part, rows[0])
        await items.change(db, [r.id for r in rows], state=ItemState.INTENDED, batch=name)
        await evidence.note(
            db, now, part.request, "effect.intended",
            {"connector": part.name, "key": name, "items": len(rows)},
        )  # fmt: skip
    return [replace(row, state=ItemState.INTENDED, batch=name) for row in rows]


def batch_key(part: Part, first: Item) -> str:
    """The key of a batch: the same for the same items in the same attempt, and no other."""
    name = f"urn:avgate:{part.request.id}:{part.name}:{first.digest}:{first.tries}"
    return str(uuid5(NAMESPACE_URL, name))


async def _carry_out(part: Part, batch: Sequence[Item], *, is_repeat: bool) -> None:
    altered = [row for row in batch if not part.warrants.entitle(row)]
    if altered:
        await _leave_alone(part, altered)
        return
    if not batch or part.doubt.is_raised:
        return
    key = batch[0].batch or ""
    holding.insist()
    try:
        told = await _ask(part, batch, key)
    except OutcomeUnknownError as error:
        told = [ItemOutcome(ref.ref, Unknown(str(error))) for ref in refs_of(part, batch)]
    if is_repeat:
        is_erasure = part.request.operation is Operation.ERASE
        ways = {ref.ref: ref.erasure for ref in refs_of(part, batch) if is_erasure}
        told = [ItemOutcome(one.ref, _ours(one.outcome, ways.get(one.ref))) for one in told]
    await write_outcomes(part, batch, told, key)


async def _leave_alone(part: Part, altered: Sequence[Item]) -> None:
    """Hands to a person what is not as it was when somebody approved it; the rest goes on after."""
    now = part.context.now()
    async with part.context.database.write() as db:
        await items.change(db, [row.id for row in altered], **columns(ALTERED, now))
        await evidence.note(
            db, now, part.request, "effect.withheld",
            {"connector": part.name, "items": len(altered), "code": ALTERED.code},
        )  # fmt: skip


def _ours(outcome: Outcome, way: ErasureWay | None) -> Outcome:
    """What a repeat finds done is what the try before did: it was there when it was located."""
    match outcome:
        case Completed(Effect.ALREADY_GONE) | NothingHeld() if way not in {
            None,
            ErasureWay.BY_HAND,
        }:
            return Completed(effect_of(way))
        case Completed(Effect.ALREADY_RIGHT):
            return Completed(Effect.RECTIFIED)
    return outcome


async def _ask(part: Part, batch: Sequence[Item], key: str) -> Sequence[ItemOutcome]:
    refs = refs_of(part, batch)
    if part.request.operation is Operation.RECTIFY:
        if not can(part.connector, SupportsRectify):
            raise TypeError(f"{part.name} cannot rectify")
        changes = [
            ItemChange(ref, confidential.changes_from_bytes(row.changes(part.references)))
            for ref, row in zip(refs, batch, strict=True)
        ]
        return await part.connector.rectify(changes, key=key)
    url = part.context.public_url
    if url is not None and can(part.connector, SupportsCallback):
        address = f"{url.rstrip('/')}/v1/callbacks/{await _token(part, key)}"
        return await part.connector.erase_and_call_back(refs, key=key, callback_url=address)
    if not can(part.connector, SupportsErase):
        raise TypeError(f"{part.name} cannot erase")
    return await part.connector.erase(refs, key=key)


async def _token(part: Part, key: str) -> str:
    """The same for the same batch, so that a repeated call says the same; nobody can guess it."""
    token = part.context.vault.blind(part.request.controller, "callback", part.request.id, key)
    async with part.context.database.write() as db:
        await callbacks.keep(db, token, part.request.id, part.name, part.context.now())
    return token


async def write_outcomes(
    part: Part, batch: Sequence[Item], told: Sequence[ItemOutcome], key: str
) -> None:
    """Writes what became of each item; one that the connector left out is unknown."""
    by_ref = {outcome.ref: outcome.outcome for outcome in told}
    now, refs = part.context.now(), refs_of(part, batch)
    rows = [
        {"id": row.id, **written(by_ref.get(ref.ref, _UNSAID), part.request.operation, now)}
        for row, ref in zip(batch, refs, strict=True)
    ]
    async with part.context.database.write() as db:
        if are_pending(rows) and await tasks.is_asked_now(db, part.task):
            rows = asked_now(rows, now)  # an upstream may call before its answer is written down
        await items.change_each(db, rows)
        await untroubled(db, part.request.id, part.name, now)
        await evidence.note(
            db, now, part.request, "effect.ended",
            {"connector": part.name, "key": key, "outcomes": dict(Counter(row["state"] for row in rows)),
             **told_to(part.connector, refs, rows)},
        )  # fmt: skip


async def _read_back(part: Part, looked: set[int]) -> bool:
    """Settles a write whose answer was lost by looking, never by sending it again blindly.

    Whether there was one. What is still there may have been accepted and not be done yet, so the
    same batch goes again under the same key: an upstream that took it knows it, and does it once. What
    is lost again then is looked at later: raises UnavailableError.
    """
    sent = await _lost(part)
    lost = [row for row in sent if row.state is ItemState.UNKNOWN]
    if not lost:
        return False
    if not looked.isdisjoint(row.id for row in lost):
        looks = min(max(row.looks for row in lost), len(_WAITS))
        raise UnavailableError(_LOST_AGAIN, after=_WAITS[looks - 1])
    looked.update(row.id for row in lost)
    gone = await _gone(part, lost)
    still = [row for row in lost if row.id not in gone]
    again = sent if still and all(row.state in _REPEATABLE for row in sent) else []
    now = part.context.now()
    async with part.context.database.write() as db:
        for row in again:
            await items.change(
                db, [row.id], state=ItemState.INTENDED, looks=row.looks + 1, look_at=None, code=None,
                reason=None,
            )  # fmt: skip
        for row in lost if not again else []:
            await items.change(db, [row.id], **_read(row, now, is_gone=row.id in gone))
        await evidence.note(
            db, now, part.request, "effect.read_back",
            {"connector": part.name, "gone": len(gone), "still_there": len(still)},
        )  # fmt: skip
    return True


def _read(row: Item, now: datetime, *, is_gone: bool) -> dict[str, Any]:
    if is_gone:
        return columns(Completed(effect_of(row.erasure)), now)
    return {
        "state": ItemState.APPROVED,
        "looks": row.looks + 1,
        "tries": row.tries + 1,
        "code": None,
        "reason": None,
    }


async def _lost(part: Part) -> Sequence[Item]:
    """A batch of which it is not known, and worth a look, what became of all or some of it."""
    async with part.context.database.read() as db:
        batch = await items.lost_batch(db, part.request.id, part.name, _LOOKS_AT_UNKNOWN)
        if batch is None:
            return []
        return await items.select(
            db, part.request.id, connector=part.name, batch=batch, limit=_BATCH
        )


async def _gone(part: Part, rows: Sequence[Item]) -> set[int]:
    if part.request.operation is Operation.RECTIFY or not can(part.connector, SupportsErase):
        return set()  # a rectification compares before it writes, so it may be sent again
    refs = refs_of(part, rows)
    held = {ref.ref for ref in await part.connector.still_held(refs)}
    return {row.id for row, ref in zip(rows, refs, strict=True) if ref.ref not in held}


async def next_stage(part: Part) -> Task:
    """Goes on to wait for confirmation where some is outstanding, else to look again.

    Returns the task as it is then.
    """
    now, request = part.context.now(), part.request
    async with part.context.database.write() as db:
        wait = await items.next_confirmation(db, request.id, part.name)
        stage = Stage.CONFIRM if wait is not None else Stage.VERIFY
        await tasks.move(db, request.id, part.name, stage, now, next_attempt_at=wait)
    return replace(
        part.task, stage=stage, updated_at=now, attempts=0, next_attempt_at=wait, code=None,
        reason=None,
    )  # fmt: skip


_LOST_AGAIN = (
    "it does not say whether it did what it was told, and what was to change is still there"
)
_UNSAID = Unknown("the connector did not say what became of it")
