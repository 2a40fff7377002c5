"""The queue: what waits for me, what is late, what is stuck."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.answering import from_cursor, to_cursor
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.subjects import identifiers_of
from avgate_gateway.request import WaitingFor
from avgate_gateway.store import queue, tasks
from avgate_gateway.store.queue import Pile, Viewer

_PAGE = 50
PILES = {
    Pile.MINE: "Waits for me",
    Pile.LATE: "Late",
    Pile.SOON: "Within 7 days",
    Pile.FAILED: "Stuck",
    Pile.OPEN: "All open",
    Pile.CLOSED: "Closed",
}


def routes(door: Door) -> list[Route]:
    return [door.page("/console", show, Scope.READ)]


async def show(visit: Visit) -> Response:
    context = visit.gateway.context
    today = local_day(context.now())
    viewer = viewer_of(visit)
    async with context.database.read() as db:
        counts = await queue.counted(db, viewer, today)
        pile = _pile(visit.asked("pile"), counts[Pile.MINE])
        operation = _operation(visit.asked("right"))
        after = from_cursor(visit.asked("after") or None)
        found = await queue.page(
            db, viewer, pile, today, operation=operation, after=after, limit=_PAGE + 1
        )
        page = found[:_PAGE]
        known = await identifiers_of(db, context, page)
        parts = await tasks.of_requests(db, [one.id for one in page])
    last = page[-1] if len(found) > _PAGE else None
    return visit.sheet.page(
        "queue.html",
        {
            "piles": PILES,
            "pile": pile,
            "counts": counts,
            "right": operation,
            "operations": list(Operation),
            "requests": page,
            "known": known,
            "parts": parts,
            "today": today,
            "next": to_cursor(last.received_at, last.id) if last else None,
        },
    )


def viewer_of(visit: Visit) -> Viewer:
    """Who looks, and what may wait for them."""
    staff, party = visit.staff, visit.gateway.party(visit.staff.caller)
    waits = set()
    if any(staff.may(scope) for scope in OF_OPERATION.values()):
        waits.add(WaitingFor.IDENTITY)
    if staff.may(Scope.APPROVE):
        waits.add(WaitingFor.APPROVAL)
    if staff.may(Scope.COMPLETE_TASKS):
        waits.add(WaitingFor.PERSON)
    return Viewer(staff.caller.controller, party.client_id, party.person, frozenset(waits))


def _pile(asked: str, mine: int) -> Pile:
    """The pile that was asked for; at first what waits for whoever looks, if anything does."""
    if asked in list(Pile):
        return Pile(asked)
    return Pile.MINE if mine else Pile.OPEN


def _operation(asked: str) -> str | None:
    return asked if asked in list(Operation) else None
