"""The HTTP application: every resource, the errors, the tokens, and the guard in front."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.types import ASGIApp

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
    return Guard(unguarded(gateway, verifier, lifespan), limits)


def unguarded(gateway: Gateway, verifier: Verifier, lifespan: Lifespan | None = None) -> FastAPI:
    """The application without its guard: for its OpenAPI description."""
    app = FastAPI(title="Avgate", version="1", description=_ABOUT, lifespan=lifespan)
    problem.install(app)
    authentication.install(app, verifier)
    for resource in _RESOURCES:
        app.include_router(resource.router(gateway))
    return app
