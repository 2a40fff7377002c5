"""A person: found by what is known of them, with the requests that were made for them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.console import typed
from avgate_gateway.console.door import Door, Visit, to
from avgate_gateway.console.subjects import identifiers_of
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import known_by, queue
from avgate_gateway.store.connection import Connection

OFFERED = (Operation.ACCESS, Operation.RECTIFY, Operation.ERASE, Operation.EXPORT)


def routes(door: Door) -> list[Route]:
    return [
        door.page("/console/people", ask, Scope.READ),
        door.form("/console/people", find, Scope.READ),
    ]


async def ask(visit: Visit) -> Response:
    return visit.sheet.page("people.html", {"query": "", "typed": None})


async def find(visit: Visit) -> Response:
    """Searches. It is a form: what is typed is personal data, and an address ends up in histories."""
    text = visit.form.one("query")[:320]
    read = typed.read(text)
    caller, context = visit.staff.caller, visit.gateway.context
    async with context.database.read() as db:
        if read.digits is not None:
            found = await queue.beginning_with(db, caller.controller, read.digits)
            if len(found) == 1:
                return to(f"/console/requests/{found[0].id}")
        else:
            found = await _of(db, visit, read.identifiers)
        known = await identifiers_of(db, context, found)
    return visit.sheet.page(
        "people.html",
        {
            "query": text,
            "typed": read,
            "requests": found,
            "known": known,
            "today": local_day(context.now()),
            "offered": [one for one in OFFERED if visit.staff.may(OF_OPERATION[one])],
        },
    )


async def _of(
    db: Connection, visit: Visit, identifiers: Sequence[Identifier]
) -> Sequence[SubjectRequest]:
    """The requests that were made with any of these."""
    controller, vault = visit.staff.caller.controller, visit.gateway.context.vault
    digests = [vault.known_by(controller, one) for one in identifiers]
    return await queue.of_ids(db, controller, await known_by.requests_of(db, digests))
