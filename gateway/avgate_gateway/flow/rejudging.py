"""Judges items again by what their upstream shows now: what would stay today stays, whatever was approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from avgate_contracts.outcome import Completed, Effect, Refused
from avgate_contracts.record import ItemRef
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.outcomes import columns
from avgate_gateway.flow.planning import next_look
from avgate_gateway.retention import Action, GroundCode, Verdict, decide, local_day
from avgate_gateway.retention.ground import GROUNDS
from avgate_gateway.store import items
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import KEPT_BY_PERSON, Item, ItemState
from avgate_gateway.warrant import facts_of

_ANOTHERS = Refused(
    "changed_meanwhile", "under its name stands another thing by now: find out what is whose"
)


async def judged(
    db: Connection, part: Part, rows: Sequence[Item], held: Mapping[str, ItemRef]
) -> tuple[Sequence[tuple[Item, Verdict]], int]:
    """Writes of each item that it went without us, stays, or is for a person.

    Gives those that go, and of how many others it changed what is said of them. `held` has by digest what the upstream shows of them.
    """
    now = part.context.now()
    pack = part.context.desks[part.request.controller].pack
    goes: list[tuple[Item, Verdict]] = []
    changed = 0
    for row in rows:
        ref = held.get(row.digest)
        if ref is None:
            await items.change(db, [row.id], **columns(Completed(Effect.ALREADY_GONE), now))
            changed += 1
            continue
        day = stays_by_a_word(row, now)
        if day is not None:
            await items.change(db, [row.id], look_at=day)
            continue
        is_bound = row.category in part.connector.manifest.after_service
        verdict = decide(ref, pack, now, after_service=is_bound)
        match _allowed(row, verdict):
            case Action.RETAIN:
                kept = _kept(part, row, ref, verdict, now)
                await items.change(db, [row.id], **kept)
                changed += any(getattr(row, name) != kept[name] for name in _SAID)
            case _ if row.upstream_version not in {None, ref.version}:
                await items.change(db, [row.id], **columns(_ANOTHERS, now))
                changed += 1
            case Action.BY_HAND:
                await items.change(
                    db, [row.id], state=ItemState.BY_HAND, look_at=None,
                    code=verdict.ground.code.value, reason=verdict.ground.sentence,
                )  # fmt: skip
                changed += 1
            case _:
                goes.append((row, verdict))
    return goes, changed


def stays_by_a_word(row: Item, now: datetime) -> datetime | None:
    """When that is over which a person said of it: until then no term counts, not one that is put right."""
    if row.code != KEPT_BY_PERSON or row.until is None or local_day(now) > row.until:
        return None
    return next_look(Verdict(Action.RETAIN, GROUNDS[GroundCode(row.ground or "")], row.until), now)


def _allowed(row: Item, verdict: Verdict) -> Action:
    """What is done with it: what an approved plan left to a person is not taken off their hands."""
    was_theirs = row.state is ItemState.BY_HAND or row.code == KEPT_BY_PERSON
    is_theirs = was_theirs and row.action == Action.BY_HAND
    return Action.BY_HAND if is_theirs and verdict.action is not Action.RETAIN else verdict.action


_SAID = ("state", "until", "ground", "code", "reason")  # in a report


def _kept(
    part: Part, row: Item, ref: ItemRef, verdict: Verdict, now: datetime
) -> Mapping[str, Any]:
    today = replace(row, term_starts=ref.term_starts, service_runs=ref.service_runs)
    facts = facts_of(today, row.action or "", row.changes_box)
    state = row.state if row.state is ItemState.REFUSED else ItemState.RETAINED
    return {
        "state": state,
        "look_at": next_look(verdict, now),
        "until": verdict.until,
        "ground": verdict.ground.code.value,
        "code": verdict.ground.code.value,
        "reason": verdict.ground.sentence,
        "term_starts": ref.term_starts,
        "service_runs": ref.service_runs,
        "warrant": part.warrants.renewed(row, facts),
    }
