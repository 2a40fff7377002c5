"""The HTTP application: every resource, the errors, the tokens, and the guard in front."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_gateway import authentication, problem
from avgate_gateway.api import audit, callbacks, decisions, register, requests, results, tasks
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.authentication import Verifier
from avgate_gateway.guard import Guard, Limits

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_RESOURCES = (requests, decisions, results, tasks, register, audit, callbacks)
_ABOUT = """\
Carries out a person's privacy rights in systems that others own.

**Idempotency.** `POST /v1/requests` needs an `Idempotency-Key` (quoted or bare, 1 to 255 printable
ASCII characters). The same key with the same JSON gets the first answer again, byte for byte, with
`Idempotent-Replayed: true`; with other JSON 422; while the first is being accepted 409. A key
belongs to your controller and client, and is remembered for 30 days.
"""


def application(
    gateway: Gateway, verifier: Verifier, limits: Limits, lifespan: Lifespan | None = None
) -> ASGIApp:
    """The whole application, guarded."""
    return Guard(HeadAsGet(unguarded(gateway, verifier, lifespan)), limits)


def unguarded(gateway: Gateway, verifier: Verifier, lifespan: Lifespan | None = None) -> FastAPI:
    """The application without its guard: for its OpenAPI description."""
    app = FastAPI(
        title="Avgate",
        version="1",
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would be built from whatever Host was sent
    )
    problem.install(app)
    authentication.install(app, verifier)
    for resource in _RESOURCES:
        app.include_router(resource.router(gateway))
    return app


class HeadAsGet:
    """Answers HEAD as GET without the content (RFC 9110 section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, bare)
