"""What leaves the house: the letter to the person, the copy, and a copy for a successor."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.api.handovers import hand_to
from avgate_gateway.api.letters import Letterbox, LetterQuery
from avgate_gateway.api.results import package_of
from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import case_number
from avgate_gateway.console import requests
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.taken_in import taken_in
from avgate_gateway.problem import NOT_FOUND, Problem, ProblemError

_ONE = "/console/requests/{request_id}"
_CALLED: Final = {"nl": "brief", "en": "letter"}  # in the language of whoever gets it


def routes(door: Door) -> list[Route]:
    return [
        door.page(f"{_ONE}/letter", letter, Scope.READ),
        door.page(f"{_ONE}/package", package, Scope.READ, fresh=True),
        door.form(f"{_ONE}/handover", hand_over, Scope.EXPORT, fresh=True),
    ]


async def letter(visit: Visit) -> Response:
    """The letter as it holds now, or an earlier version; shown in the browser."""
    request = await visit.request()
    made = await Letterbox(visit.gateway).letter(
        request, _wanted(visit), visit.staff.caller.client_id
    )
    shown = made.letter
    name = f"{case_number(shown.request_id)}-{_CALLED[shown.language]}-{shown.version}.pdf"
    headers = {
        "content-disposition": f'inline; filename="{name}"',
        "content-language": shown.language,
    }
    return Response(made.pdf, headers=headers, media_type="application/pdf")


def _wanted(visit: Visit) -> LetterQuery:
    version, language = visit.asked("version"), visit.asked("language")
    if version.isascii() and version.isdecimal() and int(version[:6]) > 0:
        return LetterQuery(version=int(version[:6]))
    if version or language not in {"", *_CALLED}:
        raise ProblemError(Problem(NOT_FOUND))
    providers = visit.asked("providers") == "yes"
    return LetterQuery.model_validate({"language": language or None, "providers": providers})


async def package(visit: Visit) -> Response:
    """The copy, under the number by which people speak of the request."""
    request = await visit.request()
    return await package_of(visit.gateway, visit.staff.caller, request, case_number(request.id))


async def hand_over(visit: Visit) -> Response:
    """Has the copy handed to a successor; asked again, it is the same one."""
    request_id = visit.http.path_params["request_id"]
    try:
        await hand_to(visit.gateway, visit.staff.caller, request_id, visit.form.one("destination"))
    except ProblemError as error:
        if error.problem.type is NOT_FOUND:
            raise
        return await requests.show(visit, error.problem)
    return taken_in(f"/console/requests/{request_id}", "handed")
