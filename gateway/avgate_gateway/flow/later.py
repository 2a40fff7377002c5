"""What remains after a request is closed: kept items fall due, listings come back, keys expire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from avgate_contracts.connector import SupportsErase
from avgate_contracts.outcome import Completed, Effect, Failed
from avgate_contracts.record import ItemRef
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Context, Part
from avgate_gateway.flow.locating import digest_of, refs_of
from avgate_gateway.flow.outcomes import ALTERED, columns
from avgate_gateway.flow.rejudging import judged
from avgate_gateway.flow.waking import wake_at
from avgate_gateway.request import COPIES, SubjectRequest
from avgate_gateway.retention import Verdict
from avgate_gateway.store import (
    came_to,
    copies,
    earlier,
    evidence,
    hand_tasks,
    handovers,
    item_steps,
    items,
    known_by,
    letters,
    opendsr,
    remarks,
    requests,
    tasks,
)
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import WATCHED, Item, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.store.untroubled import untroubled
from avgate_gateway.warrant import facts_of

# When something that may come back by itself is looked for again, counted from its erasure.
_LOOKS = (
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
)
_PAGE = 500
_KEPT = frozenset({ItemState.RETAINED, ItemState.REFUSED, ItemState.BY_HAND})
_LATE = Failed("not_effective", "the day it was confirmed for has come, and it is still shown")
_RETURNED = Failed("returned", "it came back after it was gone: probably fed in from elsewhere")


async def schedule_looks(db: Connection, part: Part, now: datetime) -> None:
    """Sees to it that what an upstream put back before is looked for again."""
    first, most = now + _LOOKS[0], len(_LOOKS)
    await item_steps.look_again(db, part.request.id, part.name, first, most)


async def look_after(part: Part) -> None:
    """Looks at this connector's items that are due; raises what the connector raises."""
    while not part.is_paused and (rows := await _due(part)):
        for state, group in groupby(sorted(rows, key=lambda r: r.state), key=lambda r: r.state):
            some = list(group)
            held = await _held(part, some)
            if state in _KEPT:
                await _fall_due(part, some, held)
            elif state is ItemState.SCHEDULED:
                await _came_about(part, some, held)
            else:
                await _looked_again(part, some, held)
    if part.task.attempts:
        await _untroubled(part)


async def _due(part: Part) -> Sequence[Item]:
    async with part.context.database.read() as db:
        return await items.due(db, part.request.id, part.name, WATCHED, part.context.now(), _PAGE)


async def _held(part: Part, rows: Sequence[Item]) -> dict[str, ItemRef]:
    refs = refs_of(part, rows)
    if not can(part.connector, SupportsErase):
        return {digest_of(part, ref.ref): ref for ref in refs}
    return {digest_of(part, ref.ref): ref for ref in await part.connector.still_held(refs)}


async def _fall_due(part: Part, rows: Sequence[Item], held: dict[str, ItemRef]) -> None:
    """A kept item goes, stays on, or went without us: by its terms as they are today."""
    now = part.context.now()
    sound = [row for row in rows if part.warrants.hold(row)]
    altered = [row.id for row in rows if row not in sound]
    async with part.context.database.write() as db:
        await items.change(db, altered, **columns(ALTERED, now))
        found, changed = await judged(db, part, sound, held)
        if any(row.state is ItemState.BY_HAND for row in rows):  # what is left is made anew
            await hand_tasks.withdraw(db, part.request.id, part.name)
        goes = [_entitled(part, *one) for one in found]
        if altered or changed:
            await evidence.note(
                db, now, part.request, "task.looked_again",
                {"connector": part.name, "items": len(rows), "otherwise": len(altered) + changed},
            )  # fmt: skip
        if goes:
            await items.change_each(db, goes)
            await items.change(
                db, [one["id"] for one in goes], state=ItemState.APPROVED, look_at=None,
                ground=None, until=None, code=None, reason=None, looks=0, tries=item.c.tries + 1,
            )  # fmt: skip
            await tasks.move(db, part.request.id, part.name, Stage.EXECUTE, now)
            await evidence.note(
                db, now, part.request, "retention.ended",
                {"connector": part.name, "items": len(goes)},
            )  # fmt: skip


def _entitled(part: Part, row: Item, verdict: Verdict) -> Mapping[str, Any]:
    """What makes an item go that the approved plan kept until now."""
    action = verdict.action.value
    warrant = part.warrants.renewed(row, facts_of(row, action, row.changes_box))
    return {"id": row.id, "action": action, "warrant": warrant}


async def _came_about(part: Part, rows: Sequence[Item], held: dict[str, ItemRef]) -> None:
    """The day of a scheduled effect has come: it is there, or a person has to ask why not."""
    now = part.context.now()
    late = [row.id for row in rows if row.digest in held]
    gone = [row.id for row in rows if row.digest not in held]
    async with part.context.database.write() as db:
        await items.change(db, gone, **columns(Completed(Effect.ERASED), now))
        await items.change(db, late, **columns(_LATE, now))
        await evidence.note(
            db, now, part.request, "task.looked_again",
            {"connector": part.name, "items": len(rows), "not_effective": len(late)},
        )  # fmt: skip


async def _untroubled(part: Part) -> None:
    now = part.context.now()
    async with part.context.database.write() as db:
        await untroubled(db, part.request.id, part.name, now)


async def _looked_again(part: Part, rows: Sequence[Item], held: dict[str, ItemRef]) -> None:
    now = part.context.now()
    back = [row.id for row in rows if row.digest in held]
    async with part.context.database.write() as db:
        for row in rows:
            if row.digest not in held:
                looks = row.looks + 1
                later = now + _LOOKS[looks] if looks < len(_LOOKS) else None
                await items.change(db, [row.id], looks=looks, look_at=later)
        if back:
            values = {**columns(_RETURNED, now), "state": ItemState.RETURNED}
            await items.change(db, back, **values)
        await evidence.note(
            db, now, part.request, "task.looked_again",
            {"connector": part.name, "items": len(rows), "returned": len(back)},
        )  # fmt: skip


async def shred(context: Context, request: SubjectRequest) -> None:
    """Destroys the keys whose time has come; what stays is evidence without identifiers.

    The references of kept items live until the last of them is gone: as long as anything is still
    watched, under way or stuck, their key stays.
    """
    now, closed_at = context.now(), request.closed_at
    if request.operation in COPIES and closed_at and closed_at + context.vault_keeps <= now:
        await copies.thin_out(context.database, request.id)
    async with context.database.write() as db:
        current = await requests.find(db, request.id)
        if current is None or current.closed_at is None:
            return
        keys_until = await _shred_subject(db, current, current.closed_at + context.vault_keeps, now)
        all_tasks = await tasks.of_request(db, request.id)
        looks = await items.next_looks(db, request.id)
        if keys_until is None and not await _is_anything_left(db, current, all_tasks, looks):
            await _shred_references(db, current, now)
        paused = context.paused(request.controller)
        wake = wake_at(current, all_tasks, looks, now, keys_until, paused=paused)
        await _tell_what_it_came_to(db, current, all_tasks, now)
        await requests.wake(db, request.id, wake)


async def _tell_what_it_came_to(
    db: Connection, request: SubjectRequest, all_tasks: Sequence[Task], now: datetime
) -> None:
    """Has the evidence say what became of it, where that is no longer what it says.

    Together with when it is woken next: until then it is due, and nobody compares its rows.
    """
    said = None if request.operation in COPIES else await came_to.newest(db, request.id)
    if said is None:
        return
    found = came_to.account(
        all_tasks, (await came_to.groups_of(db, [request.id])).get(request.id, ())
    )
    if found != said:
        await evidence.note(db, now, request, came_to.CHANGED, found.details())


async def _is_anything_left(
    db: Connection,
    request: SubjectRequest,
    all_tasks: Sequence[Task],
    looks: Mapping[str, datetime],
) -> bool:
    """Whether a reference may still be needed: not of what was withdrawn, refused or answered."""
    if request.closing is not None:
        return False
    is_busy = any(task.stage is not Stage.DONE for task in all_tasks)
    return bool(looks) or is_busy or await items.has_left(db, request.id)


async def _shred_subject(
    db: Connection, request: SubjectRequest, until: datetime, now: datetime
) -> datetime | None:
    """Destroys the subject's key when its time has come; until when it stays, if it does."""
    sealed = await requests.sealed(db, request.id)
    if sealed.subject_key is None or now < until:
        return until if sealed.subject_key else None
    await copies.forget(db, request.id)
    await tasks.forget_learned(db, request.id)
    await opendsr.forget(db, request.id)
    await remarks.forget(db, request.id)
    await known_by.forget(db, request.id)
    await letters.forget(db, request.id)
    await handovers.forget(db, request.id)
    await requests.change(
        db, request.id, subject_key=None, confidential_box=None, plan_box=None, callback_box=None
    )
    await evidence.note(db, now, request, "vault.subject_key_destroyed", {})
    return None


async def _shred_references(db: Connection, request: SubjectRequest, now: datetime) -> None:
    if (await requests.sealed(db, request.id)).retention_key is None:
        return
    await item_steps.shed(db, request.id)
    await earlier.forget(db, request.id)
    await remarks.forget(db, request.id)
    await requests.change(db, request.id, retention_key=None)
    await evidence.note(db, now, request, "vault.retention_key_destroyed", {})
