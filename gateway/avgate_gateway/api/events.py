"""`/v1/requests/{id}/events`: what happens to a request, while it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.results import entry_json
from avgate_gateway.authentication import Caller, Scope, is_still_authenticated, requires
from avgate_gateway.changes import heard
from avgate_gateway.problem import TOO_MANY_REQUESTS, Problem, ProblemError
from avgate_gateway.request import State, SubjectRequest
from avgate_gateway.store import evidence, requests
from avgate_gateway.store.evidence import Entry

_QUIET_SECONDS = 5.0  # then it is looked at who listens
_COMMENT_AFTER = 3  # a comment keeps proxies from closing a quiet stream
MOST_STREAMS = (
    1_000  # of one controller in one process: each keeps a connection for as long as it likes
)


def router(gateway: Gateway) -> APIRouter:
    """The one route of what happens."""
    routes = APIRouter(prefix="/v1/requests/{request_id}", tags=["results"])

    @routes.get(
        "/events",
        summary="What happens, as server-sent events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(
        http: Request,
        request_id: str,
        caller: Annotated[Caller, requires(Scope.READ)],
        last_event_id: Annotated[
            str | None, Header(description="The id of the last event that was heard.")
        ] = None,
    ) -> Response:
        request = await gateway.request(caller, request_id)
        if gateway.streams[caller.controller] >= MOST_STREAMS:
            raise ProblemError(_too_many())
        told = last_event_id or ""
        after = int(told[:18]) if told.isascii() and told.isdecimal() else 0
        body = _events(gateway, http, request, after)
        return StreamingResponse(body, media_type="text/event-stream")

    return routes


def _too_many() -> Problem:
    detail = f"There may be {MOST_STREAMS} streams of events at a time."
    return Problem(TOO_MANY_REQUESTS, detail, headers={"retry-after": "5"})


@contextmanager
def _one_more(streams: Counter[str], controller: str) -> Iterator[None]:
    streams[controller] += 1
    try:
        yield
    finally:
        streams[controller] -= 1


async def _events(
    gateway: Gateway, http: Request, listened_to: SubjectRequest, last: int
) -> AsyncIterator[bytes]:
    """The request's entries as events, those after `last` first, until it is closed.

    It ends before that once whoever listens is not believed any more, or this process ends: then they
    ask anew, and are asked who they are.
    """
    quiet, is_news = 0, True
    with (
        _one_more(gateway.streams, listened_to.controller),
        gateway.changes.listening(listened_to.id) as changed,
    ):
        while not await http.is_disconnected():
            if gateway.changes.is_over or not await is_still_authenticated(http, Scope.READ):
                return
            if is_news or quiet % _COMMENT_AFTER == 0:
                async with gateway.context.database.read() as db:
                    request = await requests.find(db, listened_to.id)
                    found = await evidence.entries(db, request_id=listened_to.id, after=last)
                for entry in found:
                    last, quiet = entry.sequence, 0
                    yield _event(entry)
                if found:  # there may be more of them
                    continue
                if request is None or request.state is State.CLOSED:
                    return
            quiet += 1
            if quiet % _COMMENT_AFTER == 0:
                yield b": still here\n\n"
            is_news = await heard(changed, _QUIET_SECONDS)


def _event(entry: Entry) -> bytes:
    body = orjson.dumps(entry_json(entry))
    return f"id: {entry.sequence}\nevent: {entry.event}\ndata: ".encode() + body + b"\n\n"
