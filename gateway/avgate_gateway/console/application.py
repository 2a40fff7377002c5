"""All pages together, and what is shown where one cannot be."""

from __future__ import annotations

from datetime import timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.authentication import Verifier
from avgate_gateway.console import (
    audit,
    by_hand,
    deciding,
    figures,
    handing_out,
    held,
    people,
    processors,
    queue,
    requesting,
    requests,
    retention,
    systems,
)
from avgate_gateway.console.assets import ASSETS
from avgate_gateway.console.door import Door
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.sessions import Sessions
from avgate_gateway.console.signing_in import SigningIn
from avgate_gateway.problem import (
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Problem,
    ProblemError,
)
from avgate_gateway.settings import ConsoleSettings

_PAGES = (
    queue, people, held, by_hand, requesting, requests, deciding, handing_out, systems, processors, figures, audit,
    retention,
)  # fmt: skip
_NAMED = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def console(
    gateway: Gateway, verifier: Verifier, settings: ConsoleSettings, *, has_own_links: bool
) -> Starlette:
    """The pages at /console; `verifier` believes sign-ins, which are no access tokens."""
    sessions = Sessions(
        gateway.context,
        verifier,
        idle=timedelta(minutes=settings.idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    door = Door(gateway, sessions)
    routes: list[BaseRoute] = [
        Route("/console/assets/{version}/{name}", ASSETS.serve, methods=["GET"]),
        *SigningIn(door, has_own_links=has_own_links).routes(),
        *(route for page in _PAGES for route in page.routes(door)),
    ]
    app = Starlette(routes=routes)

    async def refused(http: Request, error: Exception) -> Response:
        return _explained(door, http, error)

    for kind in (ProblemError, HTTPException, Exception):
        app.add_exception_handler(kind, refused)
    app.router.redirect_slashes = False
    return app


def _explained(door: Door, http: Request, error: Exception) -> Response:
    """A page that says in words what is wrong and what to do; nothing of what was sent is in it."""
    problem = _problem(error)
    staff = getattr(http.state, "staff", None)
    sheet = Sheet(http, door.language(http), staff)
    answer = sheet.page("problem.html", {"problem": problem}, status=problem.type.status)
    answer.headers.update(problem.headers)
    return answer


def _problem(error: Exception) -> Problem:
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, HTTPException):
        return Problem(_NAMED.get(error.status_code, NOT_FOUND))
    return Problem(INTERNAL_ERROR)
