"""`/users` and `/phonelines`: enough of the installation to look around in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.xelion.call_log import LINES
from avgate_mocks.xelion.envelope import JsonObject, one, page
from avgate_mocks.xelion.gate import session_of
from avgate_mocks.xelion.query import conditions
from avgate_mocks.xelion.refusal import no_such_object


def phone_routes() -> list[Route]:
    return [
        Route("/users", _users, methods=["GET"]),
        Route("/phonelines", _lines, methods=["GET"]),
        Route("/phonelines/{oid}", _line, methods=["GET"]),
    ]


async def _users(request: Request) -> Response:
    name = session_of(request).user_name
    wanted = conditions(request).get("userName", (name,))
    user = {
        "oid": "1400001",
        "objectType": "XCCUser",
        "userName": name,
        "commonName": name,
        "active": True,
        "primaryLine": None,
    }
    return page(request, "users", [user] if name in wanted else [])


async def _lines(request: Request) -> Response:
    after = request.query_params.get("after", "")
    rows = [] if after == LINES[-1] else [_phone_line(oid) for oid in LINES]
    return page(request, "phonelines", rows)


async def _line(request: Request) -> Response:
    oid = request.path_params["oid"]
    if oid not in LINES:
        raise no_such_object()
    return one(request, "phonelines", _phone_line(oid))


def _phone_line(oid: str) -> JsonObject:
    return {
        "oid": oid,
        "objectType": "XCCPhoneLine",
        "commonName": oid,
        "externalNumber": "",
        "callerName": "",
        "extensions": [],
        "users": [],
        "associatedAddressable": None,
        "saveCallRecording": True,
        "doNotRecordInternalCalls": False,
        "limitAccessToCallRecording": True,
    }
