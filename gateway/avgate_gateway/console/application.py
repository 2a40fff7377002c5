"""All pages together, and what is shown where one cannot be."""

from __future__ import annotations

from datetime import timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.authentication import Caller, Verifier
from avgate_gateway.console import (
    audit,
    by_hand,
    deciding,
    deliveries,
    figures,
    handing_out,
    held,
    own_sessions,
    people,
    processors,
    queue,
    requesting,
    requests,
    retention,
    systems,
)
from avgate_gateway.console.assets import ASSETS
from avgate_gateway.console.cookies import Cookies
from avgate_gateway.console.door import Door
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.organisation import organisation
from avgate_gateway.console.sessions import LOOKS_EVERY_SECONDS, Sessions
from avgate_gateway.console.signing_in import SigningIn
from avgate_gateway.oidc.provider import Provider
from avgate_gateway.problem import (
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAVAILABLE,
    Problem,
    ProblemError,
    sealed,
)
from avgate_gateway.refusals import REFUSED, Asked
from avgate_gateway.settings import ConsoleSettings
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.vault import VaultError

_PAGES = (
    queue, people, held, by_hand, requesting, requests, deciding, handing_out, systems, deliveries, processors,
    figures, audit, retention, own_sessions,
)  # fmt: skip
_NAMED = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def console(
    gateway: Gateway,
    verifier: Verifier,
    settings: ConsoleSettings,
    *,
    has_own_links: bool,
    provider: Provider | None = None,
    is_https: bool = False,
) -> Starlette:
    """The pages at /console; `verifier` believes links, which are no access tokens.

    Where there is a `provider`, staff sign in there, and no link is believed. `is_https`: staff come
    over https, whatever is told of a connection.
    """
    has_own_links = has_own_links and provider is None
    sessions = Sessions(
        gateway.context,
        verifier,
        idle=timedelta(minutes=settings.idle_minutes),
        longest=timedelta(hours=settings.session_hours),
        cookies=Cookies(always_secure=is_https),
        has_provider=provider is not None,
    )
    gateway.rounds.every(
        LOOKS_EVERY_SECONDS, "sessions", "The end of sign-ins that nobody uses", sessions.time_out
    )
    door = Door(gateway, sessions, timedelta(minutes=settings.fresh_for), has_own_links)
    asking = SigningIn(door, has_provider=provider is not None)
    away: list[Route] = []
    if provider is not None:
        key = gateway.context.vault.sign_in_key
        away = organisation(asking, provider, settings.roles, key).routes()
    routes: list[BaseRoute] = [
        Route("/console/assets/{version}/{name}", ASSETS.serve, methods=["GET"]),
        *asking.routes(),
        *away,
        *(route for page in _PAGES for route in page.routes(door)),
    ]
    app = Starlette(routes=routes)

    async def refused(http: Request, error: Exception) -> Response:
        _count(gateway, http, error)
        return _explained(door, http, error)

    for kind in (ProblemError, HTTPException, AwayError, VaultError, Exception):
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


def _count(gateway: Gateway, http: Request, error: Exception) -> None:
    """Counts and tells what was refused, as for the HTTP API: by the pattern of the route."""
    if isinstance(error, ProblemError) and error.problem.type in REFUSED:
        caller: Caller | None = getattr(http.state, "caller", None)
        call = f"{http.method} {getattr(http.scope.get('route'), 'path', '')}"
        who = (caller.client_id, caller.controller) if caller else (None, None)
        gateway.refusals.refused(error.problem.type, Asked(call, *who))


def _problem(error: Exception) -> Problem:
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, HTTPException):
        named = _NAMED.get(error.status_code, NOT_FOUND)
        return Problem(named, headers=dict(error.headers or {}))  # such as Allow
    if isinstance(error, AwayError):
        return Problem(UNAVAILABLE, headers={"retry-after": "2"})
    if isinstance(error, VaultError):
        return sealed(error)
    return Problem(INTERNAL_ERROR)
