"""What staff decide about a request: the same decisions as through the HTTP API, behind forms."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import AMSTERDAM
from avgate_contracts.vocabulary import Operation
from avgate_gateway import deciding, remarking
from avgate_gateway.api.answering import not_found
from avgate_gateway.api.decisions import Decision, decided
from avgate_gateway.api.moments import not_in_the_future
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.case_number import beginning_of_id
from avgate_gateway.console import requests
from avgate_gateway.console.door import Door, Handler, Visit
from avgate_gateway.console.plainly import plainly
from avgate_gateway.console.subjects import changes_of, identifiers_of
from avgate_gateway.console.taken_in import TOLD, taken_in
from avgate_gateway.identity_document import find_identity_data
from avgate_gateway.problem import INVALID_CONTENT, Problem, ProblemError
from avgate_gateway.request import IdentityCheck, SubjectRequest
from avgate_gateway.store import evidence
from avgate_gateway.store.connection import Connection

_ONE = "/console/requests/{request_id}"
_LONGEST = 1000
_WHY = "Say why you need to see this: it is written down."


def routes(door: Door) -> list[Route]:
    return [
        door.form(f"{_ONE}/identity", _told_there(identify), Scope.READ),
        door.page(f"{_ONE}/approval", look_over, Scope.APPROVE, fresh=True),
        door.form(f"{_ONE}/approval", _told_there(decide), Scope.APPROVE, fresh=True),
        door.form(f"{_ONE}/cancel", _told_there(cancel), Scope.READ),
        door.form(f"{_ONE}/retry", retry, Scope.READ),
        door.form(f"{_ONE}/extension", _told_there(extend), Scope.READ),
        door.form(f"{_ONE}/reveal", _told_there(reveal), Scope.READ, fresh=True),
        door.form(f"{_ONE}/changes", _told_there(reveal_changes), Scope.READ, fresh=True),
    ]


def _told_there(act: Handler) -> Handler:
    """The same, with what may not be kept told on the page of the form, where the rest still stands."""

    async def acted(visit: Visit) -> Response:
        try:
            return await act(visit)
        except ProblemError as error:
            if error.problem.type is not INVALID_CONTENT:
                raise
            wrong = error.problem
            detail = wrong.detail or next((one.detail for one in wrong.errors), "")
        if act is decide:
            return await _approval(visit, plainly(detail), "reason")
        return await _refused(visit, detail)

    return acted


async def identify(visit: Visit) -> Response:
    method, by = _text(visit, "method", 100), _text(visit, "verified_by", 200)
    if not method or not by:
        return await _refused(visit, "Say how and by whom identity was established.")
    at = _moment(visit.form.one("verified_at"))
    if at is None:
        return await _refused(visit, "Say on which day and at what time identity was established.")
    not_in_the_future(at, visit.gateway.context.now(), "#/verified_at")
    context, client = visit.gateway.context, visit.staff.caller.client_id
    check = IdentityCheck(method, by, at)

    async def record(db: Connection, request: SubjectRequest) -> None:
        _may(visit, request)
        await deciding.verify_identity(db, context, request, check, client)

    return await _carried_out(visit, record, "identity")


async def look_over(visit: Visit) -> Response:
    """The preview once more, and what it takes to approve it."""
    return await _approval(visit)


async def decide(visit: Visit) -> Response:
    """Approves or refuses the preview that was seen; whoever approves types the request's number."""
    form, request = visit.form, await visit.request()
    approves = form.one("decision") == "approve"
    typed = beginning_of_id(form.one("number"))
    if approves and (typed is None or not request.id.startswith(typed)):
        return await _approval(
            visit, "The number is not that of this request. Type it once more.", "number"
        )
    reason = _text(visit, "reason", _LONGEST) or None
    if not approves and reason is None:
        return await _approval(visit, "Say why: the person reads it in their letter.", "reason")

    async def record(db: Connection, request: SubjectRequest) -> None:
        await deciding.decide(
            db, visit.gateway.context, request, form.one("digest"),
            visit.gateway.party(visit.staff.caller), approve=approves, reason=reason,
            may_exceed=Scope.ADMIN.value in visit.staff.caller.scopes,
        )  # fmt: skip

    return await _carried_out(visit, record, "approved" if approves else "refused")


async def cancel(visit: Visit) -> Response:
    reason = _text(visit, "reason", _LONGEST) or None

    async def withdraw(db: Connection, request: SubjectRequest) -> None:
        _may(visit, request)
        client = visit.staff.caller.client_id
        await deciding.cancel(db, visit.gateway.context, request, client, reason)

    return await _carried_out(visit, withdraw, "stopped")


async def retry(visit: Visit) -> Response:
    """Tries one system again, or all that are stuck."""
    return await _carried_out(visit, again(visit, visit.form.one("connector") or None), "again")


def again(visit: Visit, connector: str | None = None) -> Decision:
    """The decision to try again one system of a request, or all of it that is stuck."""

    async def retry(db: Connection, request: SubjectRequest) -> None:
        _may(visit, request)
        client = visit.staff.caller.client_id
        await deciding.retry(db, visit.gateway.context, request, connector, client)

    return retry


async def extend(visit: Visit) -> Response:
    reason = _text(visit, "reason", _LONGEST)
    if not reason:
        return await _refused(visit, "Say why: the person is told (GDPR Art. 12(3)).")

    async def longer(db: Connection, request: SubjectRequest) -> None:
        _may(visit, request)
        client = visit.staff.caller.client_id
        await deciding.extend(db, visit.gateway.context, request, reason, client)

    return await _carried_out(visit, longer, "extended")


async def reveal(visit: Visit) -> Response:
    """Shows in full by what the person is known, once, to whoever says why; that is evidence."""
    request = await visit.request()
    _may(visit, request)
    if not await _said_why(visit, request, "subject.revealed"):
        return await _refused(visit, _WHY)
    async with visit.gateway.context.database.read() as db:
        known = await identifiers_of(db, visit.gateway.context, [request])
    more = {"revealed": known[request.id], "taken_in": TOLD["revealed"]}
    return await requests.show(visit, more=more)


async def reveal_changes(visit: Visit) -> Response:
    """Shows what a rectification makes of what, once, to whoever says why; that is evidence."""
    request = await visit.request()
    if request.operation is not Operation.RECTIFY:
        raise not_found()
    _may(visit, request)
    if not await _said_why(visit, request, "changes.revealed"):
        return await _refused(visit, _WHY)
    async with visit.gateway.context.database.read() as db:
        changes = await changes_of(db, visit.gateway.context, request)
    return await requests.show(visit, more={"changes": changes, "taken_in": TOLD["revealed"]})


async def _said_why(visit: Visit, request: SubjectRequest, event: str) -> bool:
    """Writes down that somebody is shown something and why; False where they do not say why."""
    reason = _text(visit, "reason", _LONGEST)
    if not reason:
        return False
    context, now = visit.gateway.context, visit.gateway.context.now()
    async with context.database.write(request.id) as db:
        place = remarking.revealed(now)
        await remarking.keep(db, context, request.id, place, reason)
        told = {"by": visit.staff.caller.client_id, "remark": place}
        await evidence.note(db, now, request, event, told)
    return True


async def _carried_out(visit: Visit, decision: Decision, did: str) -> Response:
    """Back to the request once it is done, or the page again with what stood in the way."""
    request_id = visit.http.path_params["request_id"]
    try:
        await decided(visit.gateway, visit.staff.caller, request_id, decision)
    except ProblemError as error:
        if error.problem.type.status == 404:
            raise
        return await requests.show(visit, error.problem)
    return taken_in(f"/console/requests/{request_id}", did)


async def _approval(visit: Visit, wrong: str | None = None, field: str = "") -> Response:
    """The page of the decision; `wrong` is told at its field, and what was typed stays."""
    request = await visit.request()
    typed = {name: visit.form.one(name) if wrong else "" for name in ("number", "reason")}
    more = {"wrong": wrong, "wrong_field": field, "typed": typed}
    context = {**await requests.told(visit, request), **more}
    if not context["can"]["approve"]:
        return await requests.show(visit)
    return visit.sheet.page("approval.html", context, status=422 if wrong else 200)


async def _refused(visit: Visit, detail: str) -> Response:
    return await requests.show(visit, Problem(INVALID_CONTENT, detail))


def _text(visit: Visit, name: str, longest: int) -> str:
    """What was typed; raises ProblemError, 422, for what is too long or may not be kept."""
    text = visit.form.one(name)
    if len(text) > longest:
        raise ProblemError(Problem(INVALID_CONTENT, f"This may be {longest} characters long."))
    finding = find_identity_data(text, name)
    if finding is not None:
        raise ProblemError(Problem(INVALID_CONTENT, finding.message))
    return text


def _moment(typed: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)


def _may(visit: Visit, request: SubjectRequest) -> None:
    visit.staff.caller.must_hold(OF_OPERATION[request.operation])
