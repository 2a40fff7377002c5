"""The HTTP application: every resource, the errors, the tokens, and the guard in front."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from avgate_gateway import authentication, problem
from avgate_gateway.api import (
    audit,
    callbacks,
    connectors,
    decisions,
    documentation,
    events,
    handovers,
    letters,
    opendsr,
    register,
    requests,
    results,
    tasks,
    webhooks,
)
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.methods import Methods
from avgate_gateway.api.straight import straightened
from avgate_gateway.authentication import Verifier
from avgate_gateway.guard import Guard, Limits
from avgate_gateway.refusals import REFUSED, Asked, Refusals
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.traces.server import traced

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_RESOURCES = (
    requests, decisions, results, events, letters, handovers, tasks, register, connectors, audit, callbacks,
    webhooks, opendsr,
)  # fmt: skip
_AWAY_SECONDS = "2"  # a server that restarts is back by then
_ABOUT = """\
Carries out a person's privacy rights in systems that others own.

## Idempotency

`POST /v1/requests` needs an `Idempotency-Key` (quoted or bare, 1 to 255 printable
ASCII characters). The same key with the same JSON gets the first answer again, byte for byte, with
`Idempotent-Replayed: true`; with other JSON 422; while the first is being accepted 409. A key
belongs to your controller and client, and is remembered for 30 days.

## Rate limits

A client, and a controller with all its clients, may call so often within a window that begins with
its first call. `RateLimit-Policy` says how often (`q`, within `w` seconds), `RateLimit` what is left
(`r`, for the next `t` seconds). Beyond that: 429 with `Retry-After`; nothing was done, and the same
`Idempotency-Key` may be used again.
"""

_PROBLEM = {
    "description": "A problem; `type` says which, and `/docs#problems` lists them.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {"type": "array", "items": {"type": "object"}},
                    "trace_id": {"type": "string"},
                },
            }
        }
    },
}


def application(
    gateway: Gateway,
    verifier: Verifier,
    limits: Limits,
    lifespan: Lifespan | None = None,
    *,
    pages: ASGIApp | None = None,
) -> ASGIApp:
    """The whole application, guarded; `pages` answers what lies under /console."""
    app: ASGIApp = straightened(unguarded(gateway, verifier, lifespan))
    if pages is not None:
        app = _Beside(app, pages)
    return traced(Guard(app, limits, gateway.traffic), gateway.context.traces)


class _Beside:
    """Two applications under one guard: pages for people, and everything else."""

    def __init__(self, app: ASGIApp, pages: ASGIApp) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_page = scope["type"] == "http" and (path == "/console" or path.startswith("/console/"))
        await (self._pages if is_page else self._app)(scope, receive, send)


def unguarded(gateway: Gateway, verifier: Verifier, lifespan: Lifespan | None = None) -> FastAPI:
    """The application without its guard: for its OpenAPI description."""
    app = FastAPI(
        title="Avgate",
        version="1",
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would be built from whatever Host was sent
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere
        redoc_url=None,
    )
    problem.install(app)
    app.add_exception_handler(problem.ProblemError, _counting(gateway.refusals))
    app.add_exception_handler(AwayError, _away)
    authentication.install(app, verifier, gateway.rates)
    for resource in _RESOURCES:
        # Not by `include_router`: FastAPI would make each route again when the first call comes.
        app.router.routes += map(_described, resource.router(gateway).routes)
    app.add_api_route("/docs", lambda: _page(app), include_in_schema=False)
    app.add_middleware(Methods, routes=tuple(app.routes))
    return app


def _described(route: BaseRoute) -> BaseRoute:
    """With what each of them may answer besides."""
    if isinstance(route, APIRoute):
        route.responses = {"default": _PROBLEM, **route.responses}
    return route


def _counting(refusals: Refusals) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, problem.ProblemError):
            raise error
        if error.problem.type in REFUSED:
            refusals.refused(error.problem.type, _asked(request))
        return problem.ProblemResponse(error.problem)

    return refused


def _asked(request: Request) -> Asked:
    """By the pattern of the route, for what was filled in may be anything."""
    caller = authentication.caller_of(request)
    call = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    return Asked(call, caller.client_id, caller.controller) if caller else Asked(call)


async def _away(_request: Request, _error: Exception) -> Response:
    """What was asked may or may not have been recorded: the same key says which, asked again.

    The log has `http.answered` with 503, and `database.away` with the reason.
    """
    headers = {"retry-after": _AWAY_SECONDS}
    return problem.ProblemResponse(problem.Problem(problem.UNAVAILABLE, headers=headers))


def _page(app: FastAPI) -> Response:
    headers = {"content-security-policy": documentation.POLICY}
    return HTMLResponse(documentation.page(app.openapi()), headers=headers)
