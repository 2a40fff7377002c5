"""Turns every error that FastAPI and Starlette know into a problem."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from avgate_gateway.keyring import DestroyedError, VaultError
from avgate_gateway.logs.catalogue import DATA_UNREADABLE
from avgate_gateway.problem.answer import Problem, ProblemError, ProblemResponse
from avgate_gateway.problem.catalogue import (
    ACCESS_REFUSED,
    GONE,
    INTERNAL_ERROR,
    INVALID_CONTENT,
    INVALID_PARAMETER,
    MALFORMED_JSON,
    MALFORMED_REQUEST,
    TYPES,
    UNAVAILABLE,
    UNREADABLE,
    ProblemType,
)
from avgate_gateway.problem.pointing import located

_KEPT = frozenset({"allow", "retry-after", "www-authenticate"})
_NAMED = {
    400: MALFORMED_REQUEST,
    403: ACCESS_REFUSED,
    422: INVALID_CONTENT,
    500: INTERNAL_ERROR,
    503: UNAVAILABLE,
}


def install(app: FastAPI) -> None:
    """Makes every error of `app` a problem.

    Starlette raises an unexpected exception again after it was answered, so that the server may
    log it with its message; the guard in front stops it there and logs it without.
    """
    app.add_exception_handler(ProblemError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(VaultError, _sealed)
    app.add_exception_handler(Exception, _unexpected)


async def _raised(_: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return ProblemResponse(error.problem)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return ProblemResponse(Problem(MALFORMED_JSON))
    in_body = any(one["loc"][:1] == ("body",) for one in found)
    errors = located(found, request.scope.get("route"))
    kind = INVALID_CONTENT if in_body else INVALID_PARAMETER
    return ProblemResponse(Problem(kind, _count(len(errors)), errors))


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind = _type_of(error.status_code)
    return ProblemResponse(Problem(kind, headers=_kept(error.headers or {})))


async def _sealed(_: Request, error: Exception) -> Response:
    return ProblemResponse(sealed(error))


def sealed(error: Exception) -> Problem:
    """What is told where a box does not open: destroyed as promised, or altered, which is told in the log too."""
    if isinstance(error, DestroyedError):
        return Problem(GONE)
    DATA_UNREADABLE.tell(reason=str(error))
    return Problem(UNREADABLE)


async def _unexpected(_: Request, __: Exception) -> Response:
    return ProblemResponse(Problem(INTERNAL_ERROR))


def _type_of(status: int) -> ProblemType:
    """The type for a bare status; an unlisted one is read as the first of its class (RFC 9110)."""
    if status in _NAMED:
        return _NAMED[status]
    by_status = {kind.status: kind for kind in reversed(TYPES)}
    return by_status.get(status, MALFORMED_REQUEST if status < 500 else INTERNAL_ERROR)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() in _KEPT}


def _count(number: int) -> str:
    return (
        "One thing is to be corrected." if number == 1 else f"{number} things are to be corrected."
    )
