"""The queue: what waits for me, what is late, what is stuck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.answering import from_cursor, to_cursor
from avgate_gateway.api.decisions import decided
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.console import saved
from avgate_gateway.console.deciding import again
from avgate_gateway.console.deliveries import lately_lost
from avgate_gateway.console.door import Door, Visit, to
from avgate_gateway.console.saved import Filter
from avgate_gateway.console.subjects import Known, identifiers_of
from avgate_gateway.problem import INVALID_CONTENT, Problem, ProblemError
from avgate_gateway.request import SubjectRequest, WaitingFor
from avgate_gateway.store import queue, tasks
from avgate_gateway.store.queue import Pile, Viewer
from avgate_gateway.store.tasks import Task

_PAGE = 50
_PRINTED: Final = 500
_MOST_AGAIN: Final = 100
_YEAR: Final = 365 * 24 * 3600
PILES = {
    Pile.MINE: "Waits for me",
    Pile.LATE: "Late",
    Pile.SOON: "Within 7 days",
    Pile.FAILED: "Stuck",
    Pile.OPEN: "All open",
    Pile.CLOSED: "Closed",
}


def routes(door: Door) -> list[Route]:
    return [
        door.page("/console", show, Scope.READ),
        door.page("/console/print", on_paper, Scope.READ),
        door.form("/console/filter", keep, Scope.READ),
        door.form("/console/retry", try_again, Scope.READ),
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the queue with what its rows say; `next` is where it goes on."""

    filter: Filter
    counts: Mapping[Pile, int]
    requests: Sequence[SubjectRequest]
    known: Known
    parts: Mapping[str, Sequence[Task]]
    next: str | None
    lost: int = 0  # messages to other systems that did not arrive lately

    def told(self, visit: Visit) -> dict[str, Any]:
        return {
            "piles": PILES,
            "pile": self.filter.pile,
            "filter": self.filter,
            "counts": self.counts,
            "requests": self.requests,
            "known": self.known,
            "parts": self.parts,
            "today": local_day(visit.gateway.context.now()),
            "systems": visit.titles,
        }


async def show(visit: Visit) -> Response:
    page = await _read(visit, _PAGE)
    return visit.sheet.page(
        "queue.html",
        {
            **page.told(visit),
            "operations": list(Operation),
            "next": page.next,
            "is_kept": saved.kept(visit) == page.filter,
            "may_again": _may_again(visit, page),
            "again": _number(visit.asked("again")),
            "not_again": _number(visit.asked("not_again")),
            "lost": page.lost,
        },
    )


async def on_paper(visit: Visit) -> Response:
    """The same part of the queue to be printed: without buttons, and more of it."""
    page = await _read(visit, _PRINTED)
    now = visit.gateway.context.now()
    context = {**page.told(visit), "printed_at": now, "is_all": page.next is None}
    return visit.sheet.page("queue_print.html", context)


async def keep(visit: Visit) -> Response:
    """Keeps a filter for whoever uses this browser, or forgets it."""
    words = (visit.form.one(name) for name in ("pile", "right", "system"))
    chosen = Filter.of(words, visit.desk.connectors)
    answer = to("/console")
    if visit.form.one("forget"):
        return visit.cookies.drop(visit.http, answer, saved.COOKIE)
    return visit.cookies.set(visit.http, answer, saved.COOKIE, chosen.kept(), _YEAR)


async def try_again(visit: Visit) -> Response:
    """Tries again each request that was chosen; one that may not be keeps no other from it."""
    chosen = list(dict.fromkeys(visit.form.all("request")))
    if len(chosen) > _MOST_AGAIN:
        raise ProblemError(Problem(INVALID_CONTENT, "Choose a hundred at the most."))
    done = 0
    for request_id in chosen:
        try:
            await decided(visit.gateway, visit.staff.caller, request_id, again(visit))
        except ProblemError:  # withdrawn meanwhile, somebody else's, or not theirs to try again
            continue
        done += 1
    words = (visit.form.one(name) for name in ("right", "system"))
    back = Filter.of([Pile.FAILED, *words], visit.desk.connectors)
    told = {"again": str(done), "not_again": str(len(chosen) - done)}
    return to(f"/console?{back.address(more=told)}")


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


async def _read(visit: Visit, limit: int) -> Page:
    context, viewer = visit.gateway.context, viewer_of(visit)
    today, wanted = local_day(context.now()), saved.asked(visit)
    async with context.database.read() as db:
        counts = await queue.counted(db, viewer, today)
        # At first what waits for whoever looks, if anything does.
        pile = wanted.pile or (Pile.MINE if counts[Pile.MINE] else Pile.OPEN)
        found = await queue.page(
            db, viewer, pile, today, operation=wanted.right, connector=wanted.system,
            after=from_cursor(visit.asked("after") or None), limit=limit + 1,
        )  # fmt: skip
        page = found[:limit]
        known = await identifiers_of(db, context, page)
        parts = await tasks.of_requests(db, [one.id for one in page])
        lost = await lately_lost(visit, db)
    last = page[-1] if len(found) > limit else None
    cursor = to_cursor(last.received_at, last.id) if last else None
    return Page(replace(wanted, pile=pile), counts, page, known, parts, cursor, lost)


def _may_again(visit: Visit, page: Page) -> frozenset[str]:
    """Which of the stuck ones whoever looks may try again."""
    if page.filter.pile is not Pile.FAILED:
        return frozenset()
    return frozenset(
        one.id
        for one in page.requests
        if visit.staff.may(OF_OPERATION[one.operation])
        and one.identity is not None
        and one.closing is None
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len("100") else 0
