"""`/v1/requests`: submit one, list them, read one."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from avgate_contracts.vocabulary import Operation
from avgate_gateway import intake, remarking
from avgate_gateway.api.answering import (
    JSON,
    answer,
    from_cursor,
    json_bytes,
    not_found,
    to_cursor,
)
from avgate_gateway.api.bodies import CreateRequest
from avgate_gateway.api.even import Evenly
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.moments import mistaken
from avgate_gateway.api.standstill import held_up
from avgate_gateway.api.submitted import NEEDS_KEY, SUBMITTED
from avgate_gateway.api.views import ListView, RequestView, etag, request_view, retry_after, view
from avgate_gateway.authentication import (
    ASKS_FOR_ITS_OPERATION,
    OF_OPERATION,
    Caller,
    Scope,
    requires,
)
from avgate_gateway.changes import heard
from avgate_gateway.guard import parsed_body, step_aside
from avgate_gateway.idempotent import Intention, intention
from avgate_gateway.plan import WantedChange
from avgate_gateway.problem import INVALID_CONTENT, Located, Problem, ProblemError
from avgate_gateway.request import IdentityCheck, State
from avgate_gateway.request import Scope as RequestScope
from avgate_gateway.store import idempotency, items, lists, requests, tasks
from avgate_gateway.store.advisory_lock import lock_by_name
from avgate_gateway.store.idempotency import Stored
from avgate_gateway.webhooks.address import is_among, why_not_sent

_ROUTE = "POST /v1/requests"
_LONGEST_WAIT = 60
_LOOKS_SECONDS = 5.0  # whoever waits is told of changes, and looks by themselves now and then
_PAGE = 50
_WAIT = re.compile(r'\s*wait\s*=\s*("?)([0-9]{1,9})\1\s*(?:;.*)?', re.IGNORECASE)


_PREFER = f"`wait=N`: answers once it is closed, or after N seconds, at most {_LONGEST_WAIT}."


class ListQuery(BaseModel):
    """Which requests are listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["received", "running", "waiting", "closed"] | None = None
    operation: Operation | None = None
    connector: Annotated[str, Field(max_length=40)] | None = None
    reference: Annotated[str, Field(max_length=40)] | None = None
    due: Annotated[date | None, Field(description="Promised on or before this day.")] = None
    due_before: date | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = _PAGE


def router(gateway: Gateway) -> APIRouter:
    """The routes of the collection and of one request."""
    routes = APIRouter(tags=["requests"])

    @routes.post(
        "/v1/requests", status_code=202, responses=SUBMITTED, summary="Submit a request",
        openapi_extra={**NEEDS_KEY, **ASKS_FOR_ITS_OPERATION},
    )  # fmt: skip
    async def submit(
        http: Request,
        body: CreateRequest,
        caller: Annotated[Caller, requires()],
        idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
        prefer: Annotated[str | None, Header(description=_PREFER)] = None,
    ) -> Response:
        caller.must_hold(OF_OPERATION[body.operation])
        intended = intention(
            gateway.context.vault,
            controller=caller.controller,
            client_id=caller.client_id,
            route=_ROUTE,
            header=idempotency_key,
            body=parsed_body(http.scope),
        )
        return await submitted(gateway, caller, body, intended, seconds_to_wait(prefer))

    @routes.get("/v1/requests", response_model=ListView, summary="List requests, newest first")
    async def listed(
        query: Annotated[ListQuery, Query()], caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        return await _list(gateway, caller, query)

    @routes.get("/v1/requests/{request_id}", response_model=RequestView, summary="Read a request")
    async def one(
        http: Request, request_id: str, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        async with Evenly(), gateway.context.database.read() as db:
            found = await requests.find(db, request_id, caller.controller)
            if found is None:
                raise not_found()
            [told] = await remarking.explained(db, gateway.context, [found])
            why = await held_up(db, gateway, found)
            shown = (await view(db, told)).model_copy(update={"held_up": why})
        wait = retry_after(found, gateway.context.now())
        headers = {"retry-after": str(wait)} if wait else {}
        return answer(http, json_bytes(shown), headers=headers)

    return routes


def seconds_to_wait(prefer: str | None) -> int:
    """The `wait` of a Prefer header in seconds, RFC 7240 section 4.3; unknown ones are ignored.

    The first one counts (section 2), and a parameter of another preference is none.
    """
    if prefer is None:
        return 0
    found = filter(None, map(_WAIT.fullmatch, prefer.split(",")))
    return next((min(int(match[2]), _LONGEST_WAIT) for match in found), 0)


async def submitted(
    gateway: Gateway, caller: Caller, body: CreateRequest, intended: Intention, wait: int
) -> Response:
    """The first answer to this intention, or that again."""
    with gateway.under_way.alone(intended):
        async with gateway.context.database.write(ahead=True) as db:
            await lock_by_name(db, intended.scope)
            earlier = await idempotency.find(db, intended.scope)
            if earlier is not None:
                await idempotency.secure(db, intended.scope, earlier)
                return _replay(intended.replayed(earlier))
            request, person = intake.drafted(gateway.context, _asked(gateway, caller, body))
            recorded, fresh = await intake.record(
                db, gateway.context, request, person, body.note, body.callback_url
            )
            stored = _stored(intended, request_view(recorded, fresh, {}), 202)
            await idempotency.keep(db, intended.scope, stored, gateway.context.now())
        if recorded.wake_at is not None:
            gateway.wake([request.id])
        return _send(await _in_the_end(gateway, intended, stored, request.id, wait))


async def _in_the_end(
    gateway: Gateway, intended: Intention, stored: Stored, request_id: str, wait: int
) -> Stored:
    """What is answered after the wait that was preferred: the closed request, or that it goes on."""
    if not wait or not step_aside():  # it is a preference, and no right (RFC 7240 section 2)
        return stored
    closed = await _closed_within(gateway, request_id, wait)
    if closed is not None:
        stored = _stored(intended, closed, 200)
        async with gateway.context.database.write() as db:
            await idempotency.replace(db, intended.scope, stored)
    return replace(stored, headers={**stored.headers, "preference-applied": f"wait={wait}"})


async def _closed_within(gateway: Gateway, request_id: str, seconds: int) -> RequestView | None:
    """The view of the request once it is closed; None if that takes longer."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with gateway.changes.listening(request_id) as changed:
        while True:
            async with gateway.context.database.read() as db:
                request = await requests.find(db, request_id)
                if request is not None and request.state is State.CLOSED:
                    return await view(db, request)
            left = end - loop.time()
            if left <= 0 or gateway.changes.is_over:
                return None
            await heard(changed, min(left, _LOOKS_SECONDS))


def _asked(gateway: Gateway, caller: Caller, body: CreateRequest) -> intake.Asked:
    scope = RequestScope(
        frozenset(body.scope.connectors) if body.scope else frozenset(),
        frozenset(body.scope.categories) if body.scope else frozenset(),
    )
    if intake.unknown_connectors(gateway.desk(caller), scope):
        known = ", ".join(sorted(gateway.desk(caller).connectors))
        wrong = Located(f"Name connectors of this controller: {known}.", "#/scope/connectors")
        raise ProblemError(Problem(INVALID_CONTENT, errors=(wrong,)))
    identity, now = body.identity, gateway.context.now()
    verified_at = identity.verified_at if identity else None
    if mistakes := tuple(mistaken(body.submitted_at, verified_at, now)):
        raise ProblemError(Problem(INVALID_CONTENT, errors=mistakes))
    return intake.Asked(
        submitted_at=min(body.submitted_at, now) if body.submitted_at else None,
        controller=caller.controller,
        client_id=caller.client_id,
        operation=body.operation,
        identifiers=tuple(i.identifier() for i in body.subject.identifiers),
        language=body.subject.language,
        identity=(
            IdentityCheck(identity.method, identity.verified_by, identity.verified_at)
            if identity
            else None
        ),
        changes=tuple(WantedChange(c.field, c.before, c.after) for c in body.changes),
        scope=scope,
        note=body.note,
        submitter=gateway.party(caller).person,
        recipient=body.recipient,
        callback_url=_callback(gateway, caller, body.callback_url),
    )


def _callback(gateway: Gateway, caller: Caller, address: str | None) -> str | None:
    desk = gateway.desk(caller)
    if address is None:
        return None
    why = why_not_sent(address, desk.callback_networks)
    if not is_among(address, desk.callback_hosts):
        why = f"its host must stand in the setting controllers.{desk.name}.callback_hosts"
    if why is not None:
        wrong = Located(f"It cannot be called: {why}.", "#/callback_url")
        raise ProblemError(Problem(INVALID_CONTENT, errors=(wrong,)))
    return address


def _stored(intended: Intention, shown: RequestView, status: int) -> Stored:
    body = json_bytes(shown)
    headers = {
        "location": f"/v1/requests/{shown.id}",
        "etag": etag(body),
        "vary": "prefer",
    }
    return Stored(intended.fingerprint, status, headers, body)


def _replay(stored: Stored) -> Response:
    return _send(replace(stored, headers={**stored.headers, "idempotent-replayed": "true"}))


def _send(stored: Stored) -> Response:
    return Response(stored.body, stored.status, stored.headers, JSON)


def _due_before(query: ListQuery) -> date | None:
    is_last = query.due == date.max  # no day follows, and nothing is due later
    following = query.due + timedelta(days=1) if query.due and not is_last else None
    days = [query.due_before, following]
    return min((day for day in days if day is not None), default=None)


async def _list(gateway: Gateway, caller: Caller, query: ListQuery) -> Response:
    wanted = lists.Wanted(
        controller=caller.controller,
        state=query.state,
        operation=query.operation.value if query.operation else None,
        connector=query.connector,
        reference=query.reference,
        due_before=_due_before(query),
        after=from_cursor(query.cursor),
        limit=query.limit + 1,
    )
    async with gateway.context.database.read() as db:
        found = await lists.listed(db, wanted)
        page = await remarking.explained(db, gateway.context, found[: query.limit])
        ids = [request.id for request in page]
        all_tasks = await tasks.of_requests(db, ids)
        counts = await items.counts_of(db, ids)
    last = page[-1] if len(found) > query.limit else None
    listed = ListView(
        items=[request_view(r, all_tasks.get(r.id, []), counts.get(r.id, {})) for r in page],
        next=to_cursor(last.received_at, last.id) if last else None,
    )
    return Response(json_bytes(listed), media_type=JSON)
