"""A new request: a form that keeps what was typed, and says in plain words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson
from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import AMSTERDAM, local_day
from avgate_contracts.vocabulary import Field as SubjectField
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.api.bodies import CreateRequest, IdentifierBody, misfits
from avgate_gateway.api.moments import mistaken
from avgate_gateway.api.requests import submitted
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.console import known
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.formats import minute_of
from avgate_gateway.console.forms import Form, Wrong
from avgate_gateway.console.people import OFFERED
from avgate_gateway.console.taken_in import taken_in
from avgate_gateway.idempotent import intention
from avgate_gateway.problem import Located, ProblemError, from_validation

_ROWS: Final = 4  # of identifiers, and of changes: more are a second request
_ROUTE: Final = "POST /console/requests"  # its keys are not those of the HTTP API
_PLACES: Final = {
    "verified_at": "verified_at",
    "verified_by": "verified_by",
    "submitted_at": "asked_on",
    "method": "method",
    "note": "note",
    "recipient": "recipient",
    "language": "language",
    "connectors": "connectors",
}
_PARTS: Final = {"kind": "kind", "value": "value", "valid_from": "since", "valid_until": "until"}
_OF_CHANGES: Final = {"field": "field", "from": "from", "to": "to"}


def routes(door: Door) -> list[Route]:
    return [
        door.page("/console/requests/new", begin, Scope.READ),
        door.form("/console/requests/new", begin, Scope.READ),
        door.form("/console/requests", submit, Scope.READ),
    ]


async def begin(visit: Visit) -> Response:
    """The empty form, or with what a page before it knew already."""
    return _shown(visit, visit.form, Wrong())


async def submit(visit: Visit) -> Response:
    """Takes the request in, as the HTTP API would; the same form sent twice is one request."""
    form = visit.form
    rows, changes = list(_rows(form)), list(_changes(form))
    content = _content(form, rows, changes)
    try:
        body = CreateRequest.model_validate(content)
    except ValidationError as error:
        others = _besides(content, visit.gateway.context.now())
        wrong = (*from_validation(error, CreateRequest), *others)
        return _shown(visit, form, _wrong(wrong, rows, changes))
    visit.staff.caller.must_hold(OF_OPERATION[body.operation])
    intended = intention(
        visit.gateway.context.vault,
        controller=visit.staff.caller.controller,
        client_id=visit.staff.caller.client_id,
        route=_ROUTE,
        header=form.one("key") or None,
        body=body.model_dump(mode="json"),
    )
    try:
        answer = await submitted(visit.gateway, visit.staff.caller, body, intended, 0)
    except ProblemError as error:
        if error.problem.type.status != 422 or not error.problem.errors:
            raise
        return _shown(visit, form, _wrong(error.problem.errors, rows, changes))
    return taken_in(f"/console/requests/{orjson.loads(bytes(answer.body))['id']}", "request")


def _content(form: Form, rows: Sequence[int], changes: Sequence[int]) -> dict[str, Any]:
    """The body that the HTTP API would be sent; what was left empty is left out."""
    subject: dict[str, Any] = {"identifiers": [_identifier(form, row) for row in rows]}
    if form.one("language"):
        subject["language"] = form.one("language")
    content: dict[str, Any] = {"operation": form.one("right"), "subject": subject}
    if changes and form.one("right") == Operation.RECTIFY:
        content["changes"] = [_change(form, row) for row in changes]
    if form.one("is_verified"):
        content["identity"] = {
            "method": form.one("method"),
            "verified_by": form.one("verified_by"),
            "verified_at": _moment(form.one("verified_at")),
        }
    if form.one("asked_on"):
        content["submitted_at"] = _moment(form.one("asked_on"))  # its first minute, if it is a day
    if form.all("connectors"):
        content["scope"] = {"connectors": form.all("connectors")}
    content |= {name: form.one(name) for name in ("note", "recipient") if form.one(name)}
    return content


def _identifier(form: Form, row: int) -> dict[str, str]:
    told = {name: form.one(f"{ours}_{row}") for name, ours in _PARTS.items()}
    return {name: value for name, value in told.items() if value or name == "value"}


def _change(form: Form, row: int) -> dict[str, str]:
    told = {name: form.one(f"{ours}_{row}") for name, ours in _OF_CHANGES.items()}
    return {name: value for name, value in told.items() if value or name == "to"}


def _rows(form: Form) -> Iterator[int]:
    """Rows in which something was typed; the first counts even if it is empty, to be told so."""
    filled = [row for row in range(_ROWS) if form.one(f"value_{row}")]
    yield from filled or [0]


def _changes(form: Form) -> Iterator[int]:
    yield from (row for row in range(_ROWS) if form.one(f"to_{row}") or form.one(f"from_{row}"))


def _moment(typed: str) -> str:
    """What a browser sends for a day and a time, which is Dutch time, with its zone."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return typed
    return (moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)).isoformat()


def _besides(content: Mapping[str, Any], now: datetime) -> Iterator[Located]:
    """What is looked at only once each field is right: said at once, and not in a second round."""
    for place, one in enumerate(content["subject"]["identifiers"]):
        yield from _of_identifier(one, f"#/subject/identifiers/{place}")
    verified = content.get("identity", {}).get("verified_at")
    yield from mistaken(_told(content.get("submitted_at")), _told(verified), now)
    fields = [one.get("field", "") for one in content.get("changes", ())]
    for wrong in misfits(content["operation"], fields, is_sealed="recipient" in content):
        yield Located(wrong, "#")


def _of_identifier(one: Mapping[str, str], where: str) -> Iterator[Located]:
    """Its value without its days, and its days without its value."""
    try:
        IdentifierBody.model_validate({"kind": one.get("kind"), "value": one["value"]})
    except ValidationError as error:
        for wrong in from_validation(error, IdentifierBody):
            yield Located(wrong.detail, where + wrong.where.removeprefix("#"))
    if "valid_from" in one and one.get("valid_until", "9") <= one["valid_from"]:
        yield Located("valid_until must be later than valid_from", where)


def _told(moment: str | None) -> datetime | None:
    try:
        read = datetime.fromisoformat(moment or "")
    except ValueError:
        return None
    return read if read.tzinfo else None


def _wrong(errors: Sequence[Located], rows: Sequence[int], changes: Sequence[int]) -> Wrong:
    """Puts each mistake beside the field that it is about."""
    fields: dict[str, str] = {}
    whole: list[str] = []
    for error in errors:
        place = _place(_where(error).removeprefix("#/").split("/"), rows, changes)
        if place is None:
            whole.append(error.detail)
        else:
            fields.setdefault(place, error.detail)
    return Wrong(fields, [*dict.fromkeys(whole)])


def _where(error: Located) -> str:
    """What it is about; two days that do not follow each other are told at the second."""
    is_of_days = error.detail.startswith("valid_until must be later")
    return f"{error.where}/valid_until" if is_of_days else error.where


def _place(path: Sequence[str], rows: Sequence[int], changes: Sequence[int]) -> str | None:
    match path:
        case ["subject", "identifiers", index, *rest]:
            return f"{_PARTS.get(rest[0] if rest else '', 'value')}_{rows[int(index)]}"
        case ["subject", "identifiers"]:
            return "value_0"
        case ["changes", index, *rest]:
            return f"{_OF_CHANGES.get(rest[0] if rest else '', 'to')}_{changes[int(index)]}"
        case ["operation"]:
            return "right"
        case [*_, last]:
            return _PLACES.get(last)
        case _:
            return None


def _shown(visit: Visit, form: Form, wrong: Wrong) -> Response:
    staff = visit.staff
    is_wrong = bool(wrong.fields or wrong.whole)
    return visit.sheet.page(
        "new_request.html",
        {
            "form": form,
            "wrong": wrong,
            "right": form.one("right") or visit.asked("right") or Operation.ACCESS.value,
            "offered": [one for one in OFFERED if staff.may(OF_OPERATION[one])],
            "kinds": list(IdentifierKind),
            "fields": list(SubjectField),
            "rows": range(_ROWS),
            "usual": known.usual([form.one(f"kind_{row}") for row in range(_ROWS)]),
            "key": form.one("key") or str(uuid4()),
            "now": minute_of(visit.gateway.context.now()),
            "today": local_day(visit.gateway.context.now()),
            "connectors": visit.titles,
        },
        status=422 if is_wrong else 200,
    )
