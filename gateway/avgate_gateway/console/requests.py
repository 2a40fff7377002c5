"""One request: where it stands, what was found, what became of it, and what can be done now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_contracts.vocabulary import Operation
from avgate_gateway import remarking
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.letters import Letterbox
from avgate_gateway.api.results import plan_of
from avgate_gateway.api.standstill import held_up, paused_for
from avgate_gateway.api.webhooks import known as receivers
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.changes import heard
from avgate_gateway.console import steps
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.formats import minute_of
from avgate_gateway.console.handwork import Tried, hand_of
from avgate_gateway.console.parts import corrections_of, fates_of, systems_of
from avgate_gateway.console.sessions import Sessions
from avgate_gateway.console.subjects import identifiers_of
from avgate_gateway.due import may_extend
from avgate_gateway.flow.unbegun import cools_off
from avgate_gateway.holdup import waiting_for_pauses
from avgate_gateway.problem import Problem, ProblemError
from avgate_gateway.reporting import reported
from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor
from avgate_gateway.second_person import Party
from avgate_gateway.store import evidence, hand_tasks, handovers, items, requests, tasks
from avgate_gateway.store.connection import Connection

_QUIET_SECONDS = 1.0
_COMMENT_AFTER = 15
_LONGEST_STREAM = timedelta(minutes=10)


def routes(door: Door) -> list[Route]:
    return [
        door.page("/console/requests/{request_id}", show, Scope.READ),
        door.page(
            "/console/requests/{request_id}/live", partial(live, door.sessions), Scope.READ,
            by_itself=True,
        ),
    ]  # fmt: skip


async def show(
    visit: Visit,
    problem: Problem | None = None,
    more: Mapping[str, Any] | None = None,
    *,
    tried: Tried | None = None,
) -> Response:
    """The page of a request; with what was refused a moment ago, if anything was."""
    request = await visit.request()
    context = {
        **await told(visit, request, tried),
        "problem": problem,
        **_typed(visit, problem),
        **(more or {}),
    }
    status = problem.type.status if problem else 422 if tried else 200
    return visit.sheet.page("request.html", context, status=status)


def _typed(visit: Visit, problem: Problem | None) -> dict[str, Any]:
    """What was typed into which form, where that was refused: the page has it again."""
    form = visit.http.url.path.rpartition("/")[2] if problem else ""
    return {"typed": visit.form, "typed_in": form}


async def told(visit: Visit, request: SubjectRequest, tried: Tried | None = None) -> dict[str, Any]:
    """Everything that the page of a request shows, as it is now."""
    gateway = visit.gateway
    async with gateway.context.database.read() as db:
        [request] = await remarking.explained(db, gateway.context, [request])
        parts = await tasks.of_request(db, request.id)
        counts = await items.counts(db, request.id)
        report = await reported(db, request)
        known = await identifiers_of(db, gateway.context, [request])
        by_hand = await hand_tasks.of_request(db, request.id)
        hand = await hand_of(visit, db, by_hand, tried)
        entries = await evidence.of_request(db, request.id)
        stands_still = await held_up(db, gateway, request)
        handed = await handovers.of_request(db, request.id)
        said = await _said(db, gateway, request)
    plan = await _plan(gateway, request)
    titles = visit.titles
    pauses = waiting_for_pauses(parts, paused_for(gateway, request))
    if pauses and gateway.faults.of(request.id) is None:
        stands_still = None  # the page says so in its reader's language
    return {
        "request": request,
        "problem": None,
        "steps": steps.of(request),
        # Nothing runs, and nothing is looked for, before it is certain who asks.
        "systems": systems_of(request, parts, counts, titles) if request.identity else [],
        "now": minute_of(gateway.context.now()),
        "titles": titles,
        "fates": fates_of(report.lines) if request.state is State.CLOSED else [],
        "identifiers": known[request.id],
        "by_hand": sorted(by_hand, key=lambda one: one.completed_at is not None),
        "hand": hand,
        "entries": [(entry, orjson.loads(entry.details)) for entry in entries],
        "held_up": stands_still,
        "pauses": pauses,
        "note": said.get(remarking.NOTE),
        "why_not": said.get(_why_not(request)),
        "letters": await Letterbox(gateway).listed(request.id),
        "handovers": handed,
        "destinations": sorted(
            name for controller, name in gateway.destinations if controller == request.controller
        ),
        "plan": plan,
        "corrections": corrections_of(plan),
        "today": local_day(gateway.context.now()),
        "is_moving": is_moving(request),
        "is_told_on": bool(receivers(gateway, visit.staff.caller)),
        "can": _can(visit, request),
        "cools_off": cools_off(gateway.context, request),
    }


def is_moving(request: SubjectRequest) -> bool:
    """Whether it goes on by itself, so that it is worth watching."""
    waits = {WaitingFor.IDENTITY, WaitingFor.APPROVAL, WaitingFor.PERSON}
    return request.state is not State.CLOSED and request.waiting_for not in waits


def _can(visit: Visit, request: SubjectRequest) -> dict[str, bool]:
    """What whoever looks may do now: only that is offered."""
    staff, is_open = visit.staff, request.state is not State.CLOSED
    own = staff.may(OF_OPERATION[request.operation])
    party = visit.gateway.party(staff.caller)
    waits_for_approval = request.waiting_for is WaitingFor.APPROVAL
    is_first = party.is_one_with(Party(request.client_id, request.submitter))
    is_cooling = cools_off(visit.gateway.context, request)
    return {
        "identify": own and request.waiting_for is WaitingFor.IDENTITY,
        "approve": waits_for_approval and staff.may(Scope.APPROVE) and not is_first,
        "ask_colleague": waits_for_approval and is_first,
        "cancel": own and is_open
        and (request.approval is None or waits_for_approval or is_cooling),
        "retry": own and request.identity is not None and request.closing is None and not is_cooling,
        "extend": own and is_open and request.extended is None
        and may_extend(request.counts_from, visit.gateway.context.now()),
        "complete": staff.may(Scope.COMPLETE_TASKS),
        "hand_over": staff.may(Scope.EXPORT) and request.operation is Operation.EXPORT,
        "reveal": own,
        "package": own and request.operation in COPIES and request.closing is None
        and (not is_open or request.waiting_for is WaitingFor.PERSON),
    }  # fmt: skip


async def _said(db: Connection, gateway: Gateway, request: SubjectRequest) -> Mapping[str, str]:
    """What came with the request, and why it was not carried out, by the place of each."""
    places = [remarking.NOTE, _why_not(request)]
    texts = await remarking.read(db, gateway.context, [request.id], places)
    return {place: text for (_, place), text in texts.items()}


def _why_not(request: SubjectRequest) -> str:
    """The place of the reason that the letter gives."""
    if request.closing == "rejected":
        return remarking.decision(request.plan_digest or "")
    return remarking.CANCELLATION


async def _plan(gateway: Gateway, request: SubjectRequest) -> Any:
    """The preview that waits for a decision, or was decided on; None where there is none."""
    if request.operation in COPIES or request.plan_digest is None:
        return None
    try:
        return orjson.loads(await plan_of(gateway, request))
    except ProblemError:
        return None


async def live(sessions: Sessions, visit: Visit) -> Response:
    """The middle of the page, again at every change, until it waits for somebody or is closed.

    It ends after some minutes in any case: the browser asks anew, and is asked who it is.
    """
    request = await visit.request()
    if visit.http.method == "HEAD":
        return Response(media_type="text/event-stream")
    told_to = _changes(visit, request, sessions)
    return StreamingResponse(told_to, media_type="text/event-stream")


async def _changes(
    visit: Visit, request: SubjectRequest, sessions: Sessions
) -> AsyncIterator[bytes]:
    shown, quiet = "", 0
    until = visit.gateway.context.now() + _LONGEST_STREAM
    database, changes = visit.gateway.context.database, visit.gateway.changes
    with changes.listening(request.id) as changed:
        while not await visit.http.is_disconnected():
            async with database.read() as db:
                found = await requests.find(db, request.id, request.controller)
            is_over = visit.gateway.context.now() >= until
            if (
                found is None
                or is_over
                or changes.is_over
                or not await sessions.is_still(visit.staff)
            ):
                return
            now = visit.sheet.text("_request.html", await told(visit, found))
            if now != shown:
                shown, quiet = now, 0
                yield _message(now)
            if not is_moving(found):
                return
            quiet += 1
            if quiet % _COMMENT_AFTER == 0:
                yield b": still here\n\n"
            await heard(changed, _QUIET_SECONDS)


def _message(html: str) -> bytes:
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode() + b"\n"
