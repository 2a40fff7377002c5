"""What the record says of a request, gathered as the facts of the letter to the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import orjson

from avgate_contracts.connector import Manifest
from avgate_gateway import remarking
from avgate_gateway.flow.context import Context
from avgate_gateway.letter import Facts, HandedOver, Recipient, System, Unlooked
from avgate_gateway.register import RegisterEntry, seeded
from avgate_gateway.registry import Installed
from avgate_gateway.reporting import reported
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.retention.term import local_day
from avgate_gateway.settings.destination import Destination
from avgate_gateway.store import (
    evidence,
    hand_tasks,
    handovers,
    items,
    processors,
    requests,
    tasks,
)
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.handovers import HandoverState
from avgate_gateway.store.item import TOLD, ItemState
from avgate_gateway.store.tasks import Task

_DOINGS = frozenset({"effect.ended", "task.copied", "hand_task.completed"})

Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the chain of evidence says of one request.

    `days`: the first and the last day on which something was done at each connector. `recipients`:
    whom a connector that stands before several companies told, and whether they confirmed.
    `refused`: the digests of the plans that were refused, in their order. `files_gone`: how many files
    each connector no longer had when they were to be copied, by the newest of its copies.
    """

    days: dict[str, tuple[date, date]] = field(default_factory=dict)
    recipients: dict[str, dict[str, bool]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    files_gone: dict[str, int] = field(default_factory=dict)


async def gathered(
    db: Connection,
    context: Context,
    installed: Mapping[str, Installed],
    asked: SubjectRequest,
    person: Confidential,
    *,
    destinations: Mapping[tuple[str, str], Destination],
    providers: bool,
) -> Facts:
    """All of one moment, if `db` reads one; `providers`: with those who are behind the service."""
    request = await requests.find(db, asked.id) or asked
    [request] = await remarking.explained(db, context, [request])
    desk = context.desks[request.controller]
    identity, extended = request.identity, request.extended
    told = await _told(db, request.id)
    return Facts(
        controller=desk.title,
        contact=desk.contact,
        report=await reported(db, request),
        received=local_day(request.counts_from),
        due=extended or request.promised,
        closed=local_day(request.closed_at) if request.closed_at else None,
        closing=request.closing,
        waiting_for=request.waiting_for,
        extended=extended is not None,
        extension_reason=request.extension_reason,
        refusals=await _refusals(db, context, request, told),
        identity_method=identity.method if identity else None,
        identity_on=local_day(identity.verified_at) if identity else None,
        fields=tuple(change.name for change in person.changes),
        systems=await _systems(db, request, desk.title, installed, told),
        handed_over=await _handed_over(db, request, destinations),
        providers=await _providers(db, request.controller) if providers else None,
    )


async def _refusals(
    db: Connection, context: Context, request: SubjectRequest, told: _Told
) -> Sequence[str]:
    """Why staff refused, in the words that they wrote for the person."""
    places = [remarking.decision(digest) for digest in told.refused]
    if request.closing == "cancelled":
        places.append(remarking.CANCELLATION)
    texts = await remarking.read(db, context, [request.id], places) if places else {}
    found = (texts.get((request.id, place)) for place in places)
    return tuple(text for text in found if text is not None)


async def _handed_over(
    db: Connection,
    request: SubjectRequest,
    destinations: Mapping[tuple[str, str], Destination],
) -> Sequence[HandedOver]:
    """The latest word on each destination: after one that failed there may be another.

    What arrived there has arrived, whatever becomes of another that is to bring what came later.
    """
    found: dict[str, HandedOver] = {}
    for one in await handovers.of_request(db, request.id):
        known = destinations.get((request.controller, one.destination))
        title = (known.title if known else None) or one.destination
        on = local_day(one.delivered_at) if one.delivered_at else None
        if on is None and one.destination in found and found[one.destination].on is not None:
            continue
        given_up = one.state is HandoverState.FAILED
        found[one.destination] = HandedOver(title, on, given_up)
    return tuple(found.values())


async def _providers(db: Connection, controller: str) -> Sequence[RegisterEntry]:
    return (*seeded(controller), *await processors.entries(db, controller))


async def _systems(
    db: Connection,
    request: SubjectRequest,
    controller: str,
    installed: Mapping[str, Installed],
    told: _Told,
) -> Mapping[str, System]:
    groups = await items.groups(db, request.id)
    by_hand = await hand_tasks.of_request(db, request.id)
    systems = {}
    for task in await tasks.of_request(db, request.id):
        known, name = installed.get(task.connector), task.connector
        states = {ItemState(group.state) for group in groups if group.connector == name}
        manifest = known.manifest if known else None
        recipients = _recipients(manifest, controller, states, told.recipients.get(name, {}))
        title = manifest.title if manifest else name
        of_it = _system(task, title, recipients, told.days.get(name), by_hand)
        gone = 0 if task.is_answered else told.files_gone.get(name, 0)
        systems[name] = replace(of_it, files_gone=gone)
    return systems


def _recipients(
    manifest: Manifest | None,
    controller: str,
    states: AbstractSet[ItemState],
    named: Mapping[str, bool],
) -> Sequence[Recipient]:
    """Whom a connector told: each company that it names, or else the one behind its system.

    A system of the controller's own is nobody who has to be told.
    """
    if named:
        return tuple(Recipient(name, is_confirmed) for name, is_confirmed in sorted(named.items()))
    if manifest is None or not states & TOLD:
        return ()
    if manifest.processor.casefold() == controller.casefold():
        return ()
    return (Recipient(manifest.processor, ItemState.PENDING not in states, manifest.title),)


def _system(
    task: Task,
    title: str,
    recipients: Sequence[Recipient],
    done: tuple[date, date] | None,
    by_hand: Sequence[HandTask],
) -> System:
    due = [one.due for one in by_hand if one.connector == task.connector and not one.completed_at]
    return System(
        title=title,
        recipients=recipients,
        done=done,
        by_hand_due=max(due, default=None),
        unlooked=() if task.is_answered else tuple(
            Unlooked(one.part, one.why, one.needs, one.is_done) for one in task.unseen
        ),
    )  # fmt: skip


async def _told(db: Connection, request_id: str) -> _Told:
    found = _Told()
    for entry in await evidence.of_request(db, request_id):
        details: Details = orjson.loads(entry.details)
        if entry.event in _DOINGS:
            name, day = details["connector"], local_day(entry.at)
            found.days[name] = (found.days.get(name, (day, day))[0], day)
            found.files_gone[name] = details.get("files_gone", found.files_gone.get(name, 0))
            found.recipients.setdefault(name, {}).update(details.get("recipients", {}))
        elif entry.event == "plan.rejected":
            found.refused.append(details["digest"])
    return found
