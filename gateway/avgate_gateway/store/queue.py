"""The queue of open requests as staff see it: what waits for whom, what is late, what is stuck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from avgate_gateway.case_number import ids_beginning_with
from avgate_gateway.request import SubjectRequest, WaitingFor
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.requests import SHOWN, request_of
from avgate_gateway.store.schema import OPEN, STUCK, request, task

SOON: Final = timedelta(days=7)


class Pile(StrEnum):
    """A part of the queue."""

    MINE = "mine"  # waits for whoever looks
    LATE = "late"  # past the day that was promised
    SOON = "soon"  # promised for one of the next seven days
    FAILED = "failed"  # stuck in a system
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: what may wait for them, and how they are known where a plan needs two people."""

    controller: str
    client_id: str
    person: str | None
    waits: frozenset[WaitingFor]


async def counted(db: Connection, viewer: Viewer, today: date) -> Mapping[Pile, int]:
    """How many open requests lie on each pile."""
    piles = [pile for pile in Pile if pile is not Pile.CLOSED]
    sums = [sa.func.sum(sa.case((_on(pile, viewer, today), 1), else_=0)) for pile in piles]
    query = sa.select(*sums).where(request.c.controller == viewer.controller, OPEN)
    found = (await db.execute(query)).one()
    return {pile: int(count or 0) for pile, count in zip(piles, found, strict=True)}


async def page(
    db: Connection,
    viewer: Viewer,
    pile: Pile,
    today: date,
    *,
    operation: str | None = None,
    connector: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Sequence[SubjectRequest]:
    """Requests of a pile, newest first; with a connector those that it has a part in, or is stuck in."""
    at, own = request.c.received_at, request.c.id
    query = sa.select(*SHOWN).where(request.c.controller == viewer.controller)
    if pile is Pile.CLOSED:
        query = query.where(request.c.state == "closed")
    else:
        query = query.where(OPEN, _on(pile, viewer, today))
    if operation is not None:
        query = query.where(request.c.operation == operation)
    if connector is not None:
        query = query.where(_at(connector, pile))
    if after is not None:
        place = sa.tuple_(sa.literal(after[0], at.type), sa.literal(after[1]))
        query = query.where(sa.tuple_(at, own) < place)
    rows = (await db.execute(query.order_by(at.desc(), own.desc()).limit(limit))).mappings()
    return [request_of(row) for row in rows]


async def beginning_with(db: Connection, controller: str, digits: str) -> Sequence[SubjectRequest]:
    """The requests of a controller whose id begins so: one, but for a chance in millions."""
    which = request.c.id.between(*ids_beginning_with(digits))
    query = sa.select(*SHOWN).where(which, request.c.controller == controller)
    return [request_of(row) for row in (await db.execute(query.limit(20))).mappings()]


async def of_ids(db: Connection, controller: str, ids: Iterable[str]) -> Sequence[SubjectRequest]:
    """Of these requests the controller's own, newest first."""
    query = sa.select(*SHOWN).where(request.c.id.in_(list(ids)), request.c.controller == controller)
    rows = (await db.execute(query.order_by(request.c.received_at.desc()))).mappings()
    return [request_of(row) for row in rows]


def _at(connector: str, pile: Pile) -> sa.ColumnElement[bool]:
    own = sa.exists().where(task.c.request_id == request.c.id, task.c.connector == connector)
    return own.where(STUCK) if pile is Pile.FAILED else own


def _on(pile: Pile, viewer: Viewer, today: date) -> sa.ColumnElement[bool]:
    match pile:
        case Pile.MINE:
            return _waits_for(viewer)
        case Pile.LATE:
            return request.c.promised < today
        case Pile.SOON:
            return sa.and_(request.c.promised >= today, request.c.promised <= today + SOON)
        case Pile.FAILED:
            return sa.exists().where(task.c.request_id == request.c.id, STUCK)
        case Pile.OPEN | Pile.CLOSED:
            return sa.true()


def _waits_for(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Not what waits for a second person where the viewer is the first."""
    waits = [kind.value for kind in viewer.waits - {WaitingFor.APPROVAL}]
    own = request.c.waiting_for.in_(waits)
    if WaitingFor.APPROVAL not in viewer.waits:
        return own
    others = sa.func.coalesce(request.c.submitter, "") != (viewer.person or "-")
    second = sa.and_(
        request.c.waiting_for == WaitingFor.APPROVAL.value,
        request.c.client_id != viewer.client_id,
        others,
    )
    return sa.or_(own, second)
