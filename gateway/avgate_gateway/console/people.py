"""A person: found by what is known of them, with the requests that were made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.console import known, reasons, typed
from avgate_gateway.console.door import Door, Visit, to
from avgate_gateway.console.known import Row
from avgate_gateway.console.subjects import identifiers_of
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import known_by, queue
from avgate_gateway.store.connection import Connection

OFFERED = (Operation.ACCESS, Operation.RECTIFY, Operation.ERASE, Operation.EXPORT)
PAGE = "/console/people"
LOOK = (Scope.READ, Scope.ACCESS)  # what it takes to look what systems hold


@dataclass(frozen=True, slots=True)
class Found:
    """A person on the page: by what they are known, and the requests that were made by it."""

    rows: Sequence[Row]
    requests: Sequence[SubjectRequest]
    known: Mapping[str, tuple[Identifier, ...]]

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        return known.identifiers(self.rows)


def routes(door: Door) -> list[Route]:
    return [door.page(PAGE, ask, Scope.READ), door.form(PAGE, find, Scope.READ)]


async def ask(visit: Visit) -> Response:
    return visit.sheet.page("people.html", {"query": "", "person": None})


async def find(visit: Visit) -> Response:
    """Searches. It is a form: what is typed is personal data, and an address ends up in histories."""
    text = visit.form.one("query")[:320]
    read = typed.read(text)
    if read.digits is not None:
        requests = await _beginning_with(visit, read.digits)
        if len(requests) == 1:
            return to(f"/console/requests/{requests[0].id}")
        return await shown(visit, await _person(visit, [], requests), query=text)
    rows = known.rows(visit.form)
    looked = known.identifiers(rows)
    if not rows:  # from the search box, whose text may be one of several things
        rows, looked = known.of_search(read.identifiers), read.identifiers
    requests = await _of(visit, looked)
    person = await _person(visit, rows, requests)
    return await shown(visit, person, query=text, status=422 if is_wrong(rows) else 200)


async def person_of(visit: Visit) -> Found:
    """The person whom the rows of a form are about."""
    rows = known.rows(visit.form)
    return await _person(visit, rows, await _of(visit, known.identifiers(rows)))


def is_wrong(rows: Sequence[Row]) -> bool:
    return any(row.wrong for row in rows)


async def shown(
    visit: Visit,
    person: Found,
    *,
    query: str = "",
    status: int = 200,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """The page of a person, with what was asked of it a moment ago."""
    context = {
        "query": query,
        "person": person,
        "requests": person.requests,
        "known": person.known,
        "today": local_day(visit.gateway.context.now()),
        "kinds": list(IdentifierKind),
        "most_rows": known.ROWS,
        "usual": known.usual([row.kind for row in person.rows] + [""] * known.ROWS),
        "reasons": reasons.REASONS,
        "reason": visit.form.one("reason"),
        "ticket": visit.form.one("ticket"),
        "wrong_reason": None,
        "may_look": visit.staff.may(*LOOK),
        "answers": None,
        "card": None,
        "offered": [one for one in OFFERED if visit.staff.may(OF_OPERATION[one])],
    }
    return visit.sheet.page("people.html", {**context, **(more or {})}, status=status)


async def _person(visit: Visit, rows: Sequence[Row], requests: Sequence[SubjectRequest]) -> Found:
    context = visit.gateway.context
    async with context.database.read() as db:
        return Found(rows, requests, await identifiers_of(db, context, requests))


async def _beginning_with(visit: Visit, digits: str) -> Sequence[SubjectRequest]:
    async with visit.gateway.context.database.read() as db:
        return await queue.beginning_with(db, visit.staff.caller.controller, digits)


async def _of(visit: Visit, identifiers: Sequence[Identifier]) -> Sequence[SubjectRequest]:
    """The requests that were made with any of these."""
    controller, context = visit.staff.caller.controller, visit.gateway.context
    digests = [context.vault.known_by(controller, one) for one in identifiers]
    async with context.database.read() as db:
        return await _by(db, controller, digests)


async def _by(db: Connection, controller: str, digests: Sequence[str]) -> Sequence[SubjectRequest]:
    return await queue.of_ids(db, controller, await known_by.requests_of(db, digests))
