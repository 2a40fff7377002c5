"""Submissions on a shorter way: FastAPI's layers take as long as everything else of accepting one.

What it would find in a call is found here, and the same function answers. Whatever is not plainly a
submission that fits its model goes the usual way, so that every refusal of content has one place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from avgate_gateway import authentication
from avgate_gateway.api.bodies import CreateRequest
from avgate_gateway.authentication import Caller
from avgate_gateway.guard import parsed_body

_SUBMISSIONS = ("/v1/requests", {"POST"})
Submit = Callable[[Request, CreateRequest, Caller, str | None, str | None], Awaitable[Response]]


class Straight:
    """In front of the application, behind the guard, which has read the body."""

    def __init__(self, app: FastAPI, route: APIRoute) -> None:
        """`route` is that of submissions."""
        self._app = app
        self._route = route
        self._submit: Submit = route.endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = self._body(scope)
        if body is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = self._route
        call = Request(scope, receive)
        try:
            response = await self._answer(call, body)
        except Exception as error:  # noqa: BLE001 -- told by kind, or raised again
            response = await self._told(call, error)
        await response(scope, receive, send)

    def _body(self, scope: Scope) -> CreateRequest | None:
        """What is submitted, if that is what the call is and it fits."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or scope["path"] != self._route.path
        ):
            return None
        try:
            return CreateRequest.model_validate(parsed_body(scope))
        except ValidationError:
            return None

    async def _answer(self, call: Request, body: CreateRequest) -> Response:
        caller = await authentication.authenticated(call)
        headers = call.headers
        return await self._submit(
            call, body, caller, headers.get("idempotency-key"), headers.get("prefer")
        )

    async def _told(self, call: Request, error: Exception) -> Response:
        """As the application tells of errors; raises what it has no words for."""
        handlers: Any = self._app.exception_handlers
        for kind in type(error).__mro__:
            if kind in handlers and kind is not Exception:
                told: Response = await handlers[kind](call, error)
                return told
        raise error


def straightened(app: FastAPI) -> ASGIApp:
    """The application with the shorter way to the one of its routes that takes submissions."""
    [route] = (
        one
        for one in app.routes
        if isinstance(one, APIRoute) and (one.path, one.methods) == _SUBMISSIONS
    )
    return Straight(app, route)
