"""Submissions go a shorter way than FastAPI's, and are answered as it would answer them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from avgate_gateway.api.application import unguarded
from avgate_gateway.api.straight import Straight, straightened
from avgate_gateway.guard import Guard
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Doors
from avgate_mocks.people import Role

from .harness import EVERYTHING, a_request, bearer, token
from .indoors import Indoors, indoors
from .test_bad_input import BAD

_KEEPS = ("content-type", "www-authenticate", "location", "vary", "retry-after", "allow")


class Counted:
    """How often FastAPI's application was asked."""

    calls = 0

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        Counted.calls += 1
        await self._app(scope, receive, send)


class Ways:
    """The same application twice: as it is served, and without the shorter way."""

    def __init__(self, here: Indoors) -> None:
        self.here = here
        gateway = replace(here.assembled.gateway, wake=here.woken.extend)
        self.app = usual = unguarded(gateway, here.assembled.verifier)
        usual.add_middleware(Counted)
        shorter = straightened(usual)
        limits = here.assembled.limits
        self.usual, self.shorter = Guard(usual, limits), Guard(shorter, limits)
        self.a_request = a_request("access", here.person(Role.RUNNING))
        self.key = here.folder / "avgate-token.jwk"
        self.headers = bearer(token(self.key, "libervoice", "portal", EVERYTHING))

    async def post(self, app: ASGIApp, content: Any, headers: Mapping[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gateway.test"
        ) as client:
            return await client.post("/v1/requests", headers={**self.headers, **headers}, **content)


@pytest_asyncio.fixture
async def ways(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ways]:
    async with indoors(tmp_path_factory.mktemp("straight"), ("operator",), people=9) as here:
        yield Ways(here)


def _told(answer: httpx.Response) -> Any:
    kept = {name: answer.headers.get(name) for name in _KEEPS if name != "location"}
    body = answer.json() if answer.content else None
    if answer.status_code == 202:
        assert body is not None
        body = sorted(body)
    return answer.status_code, kept, body


async def _both(ways: Ways, content: Any, headers: Mapping[str, str]) -> tuple[Any, Any, int]:
    key = {} if "idempotency-key" in headers else {"idempotency-key": str(uuid4())}
    usual = await ways.post(ways.usual, content, {**key, **headers})
    key = {} if "idempotency-key" in headers else {"idempotency-key": str(uuid4())}
    before = Counted.calls
    shorter = await ways.post(ways.shorter, content, {**key, **headers})
    return _told(usual), _told(shorter), Counted.calls - before


async def test_a_submission_does_without_fastapi(ways: Ways) -> None:
    usual, shorter, calls = await _both(ways, {"json": ways.a_request}, {})
    assert (usual[0], calls) == (202, 0)
    assert shorter == usual


async def test_what_is_wrong_is_refused_alike(ways: Ways) -> None:
    for name, body in BAD.items():
        usual, shorter, _ = await _both(ways, {"json": body}, {})
        assert (name, shorter) == (name, usual)
        assert usual[0] == 422


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ({}, {}),
        ({"content": b"[]"}, {"content-type": "application/json"}),
        ({"content": b"null"}, {"content-type": "application/json"}),
        ({"content": b"{"}, {"content-type": "application/json"}),
        ({"content": b"x"}, {"content-type": "text/plain"}),
        ({"json": {"operation": "access"}}, {"authorization": "Bearer nonsense"}),
        ({"json": {"operation": "access"}}, {"authorization": ""}),
    ],
)
async def test_what_is_no_submission_is_refused_alike(
    ways: Ways, content: Any, headers: Mapping[str, str]
) -> None:
    usual, shorter, _ = await _both(ways, content, headers)
    assert shorter == usual
    assert usual[0] in {400, 401, 415, 422}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer nonsense"}, 401),
        ({"authorization": "Basic bm9ib2R5"}, 401),
        ({"idempotency-key": ""}, 400),
        ({"idempotency-key": "a b"}, 400),
        ({"prefer": "wait=nonsense"}, 202),
        ({"prefer": "wait=0, respond-async"}, 202),
    ],
)
async def test_a_good_body_with_bad_headers_is_answered_alike(
    ways: Ways, headers: Mapping[str, str], status: int
) -> None:
    usual, shorter, calls = await _both(ways, {"json": ways.a_request}, headers)
    assert shorter == usual
    assert (usual[0], calls) == (status, 0)


async def test_a_scope_that_is_missing_is_named_alike(ways: Ways) -> None:
    ways.headers = {**ways.headers}
    body = {**ways.a_request, "operation": "erase"}
    usual, shorter, _ = await _both(ways, {"json": body}, {})
    assert shorter == usual


async def test_a_key_is_one_key_on_both_ways(ways: Ways) -> None:
    content, key = {"json": ways.a_request}, {"idempotency-key": str(uuid4())}
    first = await ways.post(ways.shorter, content, key)
    again = await ways.post(ways.usual, content, key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_database_that_is_away_is_told_as_the_application_tells_it(ways: Ways) -> None:
    async def fails(*_: object) -> None:
        raise AwayError("the database cannot be reached")

    route = APIRoute("/v1/requests", fails, methods=["POST"], response_model=None)
    app = Guard(Straight(ways.app, route))
    answer = await ways.post(app, {"json": ways.a_request}, {"idempotency-key": str(uuid4())})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


class Door:
    """The doors of the database: whether whoever asks to write hurries."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self.read, self.close = doors.read, doors.close
        self.hurried: list[bool] = []

    def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AbstractAsyncContextManager[Connection]:
        self.hurried.append(ahead)
        return self._doors.write(request_id, ahead=ahead)


async def _submitted(ways: Ways) -> None:
    key = {"idempotency-key": str(uuid4())}
    answer = await ways.post(ways.shorter, {"json": ways.a_request}, key)
    assert answer.status_code == 202, answer.text


async def test_nothing_that_a_submission_writes_waits_for_the_background(ways: Ways) -> None:
    database = ways.here.assembled.context.database
    database._doors = door = Door(database._doors)
    await _submitted(ways)
    assert door.hurried == [True, True, True], "its client's calls, its controller's, and itself"
