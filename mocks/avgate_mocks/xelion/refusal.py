"""What Xelion says when it says no: an HTTP status, its own code and a line of text."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.kernel import json_response

_FAULTS = {404: 10100, 405: 10100, 429: 10402}


class XelionError(Exception):
    """A refusal from the vendor's table (common_errors.html); the text is ours."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def no_such_object() -> XelionError:
    return XelionError(404, 10100, "no such resource or object")


def no_permission() -> XelionError:
    return XelionError(403, 10101, "no permission for this object")


def missing(what: str) -> XelionError:
    return XelionError(400, 10200, f"{what} is missing or empty")


def invalid(what: str) -> XelionError:
    return XelionError(400, 10202, f"{what} is invalid or cannot be decoded")


def wrong_object() -> XelionError:
    return XelionError(400, 10203, "object id or object type is invalid or missing")


def answer(error: XelionError, request: Request) -> Response:
    where = f"resource={request.method} {request.url.path}"
    return json_response(_body(error.code, error.message, where), error.status)


def fault_answer(status: int) -> Response:
    """What a fault of the kernel's looks like here: 10402 for 429, 11000 for a broken server."""
    code = _FAULTS.get(status, 11000)
    return json_response(_body(code, "the server could not answer", "resource="), status)


def _body(code: int, message: str, where: str) -> dict[str, object]:
    return {"errorCode": code, "message": message, "info": where}
