"""Errors in the shape that TM Forum's APIs give them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from avgate_mocks.operator.answer import json_answer

_REASONS: Mapping[int, tuple[str, str]] = {
    400: ("invalidRequest", "The request cannot be understood"),
    401: ("unauthorized", "No valid access token came with the request"),
    403: ("forbidden", "The resource is not for this client"),
    404: ("notFound", "There is no such resource"),
    405: ("methodNotAllowed", "The resource does not offer this method"),
    409: ("conflict", "The state of the resource does not allow it"),
    429: ("tooManyRequests", "Too many requests came in too short a time"),
    500: ("internalError", "Something went wrong here"),
    502: ("badGateway", "A system behind this one gave no usable answer"),
    503: ("serviceUnavailable", "The system is busy or being maintained"),
    504: ("gatewayTimeout", "A system behind this one did not answer in time"),
}


class RefusedError(Exception):
    """A request that ends in an error object."""

    def __init__(self, status: int, *, code: str = "", reason: str = "", message: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.code = code or _REASONS[status][0]
        self.reason = reason or _REASONS[status][1]
        self.message = message

    def response(self) -> Response:
        body = {"code": self.code, "reason": self.reason, "status": str(self.status)}
        if self.message:
            body["message"] = self.message
        headers = {"WWW-Authenticate": _CHALLENGE} if self.status == 401 else None
        return json_answer(body, self.status, headers)


_CHALLENGE = 'Bearer realm="operator", error="invalid_token"'  # RFC 6750, section 3


def refusal(status: int) -> Response:
    return RefusedError(status).response()
