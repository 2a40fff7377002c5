"""What the record says of a request, gathered for the letter to the person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import orjson

from avgate_contracts.record import ErasureWay
from avgate_gateway import remarking
from avgate_gateway.flow.context import Context
from avgate_gateway.letter import Facts, HandedOver, System, Unlooked
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
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Task

# Of items of which the upstream was told what to do, whatever it makes of that.
_TOLD = frozenset(
    {
        ItemState.PENDING,
        ItemState.ERASED,
        ItemState.ANONYMISED,
        ItemState.ALREADY_GONE,
        ItemState.SCHEDULED,
        ItemState.RECTIFIED,
        ItemState.DONE_BY_HAND,
        ItemState.RETURNED,
    }
)
_DOINGS = frozenset({"effect.ended", "task.copied", "hand_task.completed"})
_INFORMING = frozenset({ErasureWay.DELIST, ErasureWay.FORWARD})
_MOST_ENTRIES = 10_000

Days = Mapping[str, tuple[date, date]]


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
    return Facts(
        controller=desk.title,
        contact=desk.contact,
        report=await reported(db, request),
        received=local_day(request.received_at),
        due=extended or request.promised,
        closed=local_day(request.closed_at) if request.closed_at else None,
        closing=request.closing,
        waiting_for=request.waiting_for,
        extended=extended is not None,
        extension_reason=request.extension_reason,
        identity_method=identity.method if identity else None,
        identity_on=local_day(identity.verified_at) if identity else None,
        fields=tuple(change.name for change in person.changes),
        systems=await _systems(db, request, installed),
        handed_over=await _handed_over(db, request, destinations),
        providers=await _providers(db, request.controller) if providers else None,
    )


async def _handed_over(
    db: Connection,
    request: SubjectRequest,
    destinations: Mapping[tuple[str, str], Destination],
) -> Sequence[HandedOver]:
    """The latest word on each destination: after one that failed there may be another."""
    found: dict[str, HandedOver] = {}
    for one in await handovers.of_request(db, request.id):
        known = destinations.get((request.controller, one.destination))
        title = (known.title if known else None) or one.destination
        on = local_day(one.delivered_at) if one.delivered_at else None
        given_up = one.state is HandoverState.FAILED
        found[one.destination] = HandedOver(title, on, given_up)
    return tuple(found.values())


async def _providers(db: Connection, controller: str) -> Sequence[RegisterEntry]:
    return (*seeded(controller), *await processors.entries(db, controller))


async def _systems(
    db: Connection, request: SubjectRequest, installed: Mapping[str, Installed]
) -> Mapping[str, System]:
    groups = await items.groups(db, request.id)
    told = {group.connector for group in groups if ItemState(group.state) in _TOLD}
    days = await _days(db, request.id)
    by_hand = await hand_tasks.of_request(db, request.id)
    return {
        task.connector: _system(task, installed.get(task.connector), told, days, by_hand)
        for task in await tasks.of_request(db, request.id)
    }


def _system(
    task: Task,
    known: Installed | None,
    told: Collection[str],
    days: Days,
    by_hand: Sequence[HandTask],
) -> System:
    manifest = known.manifest if known else None
    due = [one.due for one in by_hand if one.connector == task.connector and not one.completed_at]
    return System(
        title=manifest.title if manifest else task.connector,
        informs=manifest is not None and bool(_INFORMING & set(manifest.erases.values())),
        told=task.connector in told,
        done=days.get(task.connector),
        by_hand_due=max(due, default=None),
        unlooked=() if task.is_answered else tuple(
            Unlooked(one.part, one.why, one.needs, one.is_done) for one in task.unseen
        ),
    )  # fmt: skip


async def _days(db: Connection, request_id: str) -> Days:
    """The first and the last day on which something was done at each connector."""
    found: dict[str, tuple[date, date]] = {}
    for entry in await evidence.entries(db, request_id=request_id, limit=_MOST_ENTRIES):
        if entry.event in _DOINGS:
            name, day = orjson.loads(entry.details)["connector"], local_day(entry.at)
            found[name] = (found.get(name, (day, day))[0], day)
    return found
