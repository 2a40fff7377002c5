"""Stage EXECUTE: intention written, effect done under a stable key, outcome written.

Items go in batches. A batch is fixed on disk before the upstream hears of it, and its name is the
key upstream: after a crash the same batch is sent again under the same key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from uuid import NAMESPACE_URL, uuid5

from avgate_contracts.connector import SupportsCallback, SupportsErase, SupportsRectify
from avgate_contracts.errors import OutcomeUnknownError
from avgate_contracts.outcome import (
    Completed,
    Effect,
    Failed,
    ItemOutcome,
    NothingHeld,
    Outcome,
    Pending,
    Refused,
    Unknown,
    Unsupported,
)
from avgate_contracts.record import ErasureWay, ItemChange
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.locating import refs_of
from avgate_gateway.retention import AMSTERDAM
from avgate_gateway.store import callbacks, evidence, items, tasks
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Stage

WHILE_RUNNING = timedelta(days=1)  # so often it is asked whether a service still runs
# Refusals that end by themselves, on a day that nobody knows, so they are looked at again: with the
# service, or once a bill is no longer disputed (GDPR Art. 17(3)(e), Tw Art. 11.5).
_PASSING = frozenset({"service_runs", "usage_billed", "usage_under_dispute"})
_BATCH = 100
_LOOKS_AT_UNKNOWN = 3


async def execute(part: Part) -> None:
    """Carries out what was approved; raises what the connector raises."""
    while True:
        begun = await _intended(part)
        batch = begun or await _intend(part)
        if not batch:
            break
        await _carry_out(part, batch, is_repeat=bool(begun))
    await _read_back(part)


async def _intended(part: Part) -> Sequence[Item]:
    """A batch that was begun and whose outcome is not on disk."""
    async with part.context.database.read() as db:
        begun = await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.INTENDED], limit=1
        )
        if not begun:
            return []
        return await items.select(
            db,
            part.request.id,
            connector=part.name,
            states=[ItemState.INTENDED],
            batch=begun[0].batch,
            limit=_BATCH,
        )


async def _intend(part: Part) -> Sequence[Item]:
    now = part.context.now()
    async with part.context.database.write() as db:
        rows = await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.APPROVED], limit=_BATCH
        )
        if not rows:
            return []
        rows = [row for row in rows if row.tries == rows[0].tries]
        name = batch_key(part, rows[0])
        await items.change(db, [r.id for r in rows], state=ItemState.INTENDED, batch=name)
        await evidence.note(
            db, now, part.request, "effect.intended",
            {"connector": part.name, "key": name, "items": len(rows)},
        )  # fmt: skip
    return await _intended(part)


def batch_key(part: Part, first: Item) -> str:
    """The key of a batch: the same for the same items in the same attempt, and no other."""
    name = f"urn:avgate:{part.request.id}:{part.name}:{first.digest}:{first.tries}"
    return str(uuid5(NAMESPACE_URL, name))


async def _carry_out(part: Part, batch: Sequence[Item], *, is_repeat: bool) -> None:
    key = batch[0].batch or ""
    try:
        told = await _ask(part, batch, key)
    except OutcomeUnknownError as error:
        told = [ItemOutcome(ref.ref, Unknown(str(error))) for ref in refs_of(part, batch)]
    if is_repeat:
        is_erasure = part.request.operation is Operation.ERASE
        ways = {ref.ref: ref.erasure for ref in refs_of(part, batch) if is_erasure}
        told = [ItemOutcome(one.ref, _ours(one.outcome, ways.get(one.ref))) for one in told]
    await write_outcomes(part, batch, told, key)


def _ours(outcome: Outcome, way: ErasureWay | None) -> Outcome:
    """What a repeat finds done is what the try before did: it was there when it was located."""
    match outcome:
        case Completed(Effect.ALREADY_GONE) | NothingHeld() if way not in {
            None,
            ErasureWay.BY_HAND,
        }:
            return Completed(_effect_of(way))
        case Completed(Effect.ALREADY_RIGHT):
            return Completed(Effect.RECTIFIED)
    return outcome


async def _ask(part: Part, batch: Sequence[Item], key: str) -> Sequence[ItemOutcome]:
    refs = refs_of(part, batch)
    if part.request.operation is Operation.RECTIFY:
        if not isinstance(part.connector, SupportsRectify):
            raise TypeError(f"{part.name} cannot rectify")
        changes = [
            ItemChange(ref, confidential.changes_from_bytes(row.changes(part.references)))
            for ref, row in zip(refs, batch, strict=True)
        ]
        return await part.connector.rectify(changes, key=key)
    url = part.context.public_url
    if url is not None and isinstance(part.connector, SupportsCallback):
        address = f"{url.rstrip('/')}/v1/callbacks/{await _token(part, key)}"
        return await part.connector.erase_and_call_back(refs, key=key, callback_url=address)
    if not isinstance(part.connector, SupportsErase):
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
    now = part.context.now()
    rows = [
        {"id": row.id, **columns(by_ref.get(ref.ref, _UNSAID), now)}
        for row, ref in zip(batch, refs_of(part, batch), strict=True)
    ]
    if part.request.operation is Operation.RECTIFY:
        rows = [_unwatched(row) for row in rows]
    async with part.context.database.write() as db:
        await items.change_each(db, rows)
        await tasks.change(
            db, part.request.id, part.name, now,
            attempts=0, next_attempt_at=None, code=None, reason=None,
        )  # fmt: skip
        await evidence.note(
            db, now, part.request, "effect.ended",
            {"connector": part.name, "key": key, "outcomes": _tally(rows)},
        )  # fmt: skip


def columns(outcome: Outcome, now: datetime) -> dict[str, Any]:  # noqa: PLR0911 -- one per outcome
    """The columns that an outcome comes to; the same set of columns for every outcome."""
    match outcome:
        case Completed(effect, effective_from):
            look = _day_after(effective_from) if effect is Effect.SCHEDULED else None
            return _columns(_STATES[effect], effective_from=effective_from, look_at=look)
        case NothingHeld():
            return _columns(ItemState.ALREADY_GONE)
        case Pending(job, look_again_at):
            return _columns(ItemState.PENDING, job=job, look_at=max(look_again_at, now))
        case Unsupported(code, reason):
            return _columns(ItemState.BY_HAND, code=code, reason=reason)
        case Refused(code, reason, until):
            look = _day_after(until) or (now + WHILE_RUNNING if code in _PASSING else None)
            return _columns(ItemState.REFUSED, code=code, reason=reason, until=until, look_at=look)
        case Failed(code, reason):
            return _columns(ItemState.FAILED, code=code, reason=reason)
        case Unknown(reason):
            return _columns(ItemState.UNKNOWN, code="outcome_unknown", reason=reason)
        case _:
            assert_never(outcome)


async def _read_back(part: Part) -> None:
    """Settles writes whose answer was lost by looking, never by sending them again blindly."""
    async with part.context.database.read() as db:
        lost = await items.select(
            db, part.request.id, connector=part.name, states=[ItemState.UNKNOWN]
        )
    lost = [row for row in lost if row.looks < _LOOKS_AT_UNKNOWN]
    if not lost:
        return
    gone = await _gone(part, lost)
    now = part.context.now()
    async with part.context.database.write() as db:
        for row in lost:
            if row.id in gone:
                await items.change(db, [row.id], **columns(Completed(_effect_of(row.erasure)), now))
            else:
                await items.change(
                    db, [row.id], state=ItemState.APPROVED, looks=row.looks + 1,
                    tries=row.tries + 1, code=None,
                    reason=None,
                )  # fmt: skip
        await evidence.note(
            db, now, part.request, "effect.read_back",
            {"connector": part.name, "gone": len(gone), "still_there": len(lost) - len(gone)},
        )  # fmt: skip
    await execute(part)


def _effect_of(way: ErasureWay | None) -> Effect:
    """What it came to if an item is no longer shown after a write whose answer was lost."""
    return Effect.ANONYMISED if way is ErasureWay.ANONYMISE else Effect.ERASED


async def _gone(part: Part, rows: Sequence[Item]) -> set[int]:
    if part.request.operation is Operation.RECTIFY or not isinstance(part.connector, SupportsErase):
        return set()  # a rectification compares before it writes, so it may be sent again
    refs = refs_of(part, rows)
    held = {ref.ref for ref in await part.connector.still_held(refs)}
    return {row.id for row, ref in zip(rows, refs, strict=True) if ref.ref not in held}


async def next_stage(part: Part) -> None:
    """Goes on to wait for confirmation where some is outstanding, else to look again."""
    now, request = part.context.now(), part.request
    async with part.context.database.write() as db:
        wait = await items.next_confirmation(db, request.id, part.name)
        stage = Stage.CONFIRM if wait is not None else Stage.VERIFY
        await tasks.move(db, request.id, part.name, stage, now, next_attempt_at=wait)


def _unwatched(row: dict[str, Any]) -> dict[str, Any]:
    """A correction is no matter of retention, and its value may be forgotten when a day comes."""
    return row if row["state"] == ItemState.PENDING else {**row, "look_at": None}


def _day_after(day: date | None) -> datetime | None:
    """When a scheduled effect must be there: the day after, so that no time of day matters."""
    if day is None or day == date.max:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) + timedelta(days=1)


def _tally(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in rows:
        counted[row["state"]] = counted.get(row["state"], 0) + 1
    return counted


def _columns(
    state: ItemState,
    *,
    code: str | None = None,
    reason: str | None = None,
    job: str | None = None,
    look_at: datetime | None = None,
    until: date | None = None,
    effective_from: date | None = None,
) -> dict[str, Any]:
    return {
        "state": state.value,
        "code": code,
        "reason": reason,
        "job": job,
        "look_at": look_at,
        "until": until,
        "effective_from": effective_from,
        "ground": None,
    }


_UNSAID = Unknown("the connector did not say what became of it")
_STATES = {
    Effect.ERASED: ItemState.ERASED,
    Effect.ANONYMISED: ItemState.ANONYMISED,
    Effect.ALREADY_GONE: ItemState.ALREADY_GONE,
    Effect.SCHEDULED: ItemState.SCHEDULED,
    Effect.RECTIFIED: ItemState.RECTIFIED,
    Effect.ALREADY_RIGHT: ItemState.ALREADY_RIGHT,
}
