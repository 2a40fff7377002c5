"""Reads a body once, within its size and its time, and hands it on as it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from starlette.types import Message, Receive, Scope

from avgate_gateway import strict_json
from avgate_gateway.guard.header import Headers, media_type
from avgate_gateway.guard.limit import JSON, Limits, PathRule
from avgate_gateway.problem import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    INVALID_CONTENT,
    MALFORMED_JSON,
    MALFORMED_REQUEST,
    UNSUPPORTED_CONTENT,
    Problem,
    ProblemError,
)

Deadline = Callable[[float], AbstractAsyncContextManager[object]]

_DRAINED_BYTES, _DRAIN_SECONDS = 32 * 1024 * 1024, 2.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_PARSED = "avgate.body"
_CLOSING = {"connection": "close"}


class GoneError(Exception):
    """The caller hung up before the body was complete, so nobody is left to answer."""


def parsed_body(scope: Scope) -> Any:
    """The JSON value that the guard read, or None: no need to parse it again."""
    return scope.get(_PARSED)


async def admitted(scope: Scope, receive: Receive, limits: Limits, deadline: Deadline) -> Receive:
    """A `receive` that gives the application the body again, once it was found acceptable.

    Raises ProblemError (400, 408, 413, 415, 422) or GoneError.
    """
    headers = Headers(scope)
    rule = limits.rule(scope["path"])
    async with _drained(receive):
        if scope["method"] in _WITHOUT_BODY:
            _check_bodiless(headers)
        if scope["method"] not in WITH_BODY:  # of the others the application knows none: 405
            return receive
        _check_announced(headers, rule)
        body = await _read_in_time(receive, rule.body_bytes, limits.body_seconds, deadline)
    if body or headers.all(b"content-type"):
        scope[_PARSED] = _parsed(body, headers, rule)
    return _replay(body, receive)


@asynccontextmanager
async def _drained(receive: Receive) -> AsyncIterator[None]:
    """Reads on after a refusal, for a moment: closing with unread bytes would cut the answer off."""
    try:
        yield
    except ProblemError as error:
        if error.problem.type is not BODY_TIMEOUT:
            await _drain(receive)
        raise


async def _drain(receive: Receive) -> None:
    left = _DRAINED_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return


def _check_bodiless(headers: Headers) -> None:
    if (headers.one(b"content-length") or b"0").strip(b"0") or headers.all(b"transfer-encoding"):
        raise ProblemError(
            Problem(MALFORMED_REQUEST, "This method takes no body.", headers=_CLOSING)
        )


def _check_announced(headers: Headers, rule: PathRule) -> None:
    """Refuses on what the headers say, before a byte of the body is read."""
    if headers.all(b"content-encoding"):
        raise _unsupported("Send the body without Content-Encoding.")
    if int(headers.one(b"content-length") or b"0") > rule.body_bytes:
        raise _too_large(rule.body_bytes)
    announced = headers.one(b"content-type")
    if announced is not None and media_type(announced) not in rule.media_types:
        raise _unsupported(f"Send {' or '.join(sorted(rule.media_types))}, in UTF-8.")


async def _read_in_time(receive: Receive, most: int, seconds: float, deadline: Deadline) -> bytes:
    try:
        async with deadline(seconds):
            return await _read(receive, most)
    except TimeoutError:
        detail = f"The whole body has to arrive within {seconds:g} seconds."
        raise ProblemError(Problem(BODY_TIMEOUT, detail, headers=_CLOSING)) from None


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return bytes(body)


def _parsed(body: bytes, headers: Headers, rule: PathRule) -> Any:
    kind = media_type(headers.one(b"content-type"))
    if kind not in rule.media_types:
        raise _unsupported(f"Send {' or '.join(sorted(rule.media_types))}, in UTF-8.")
    if kind != JSON:
        return None
    try:
        return strict_json.parse(body)
    except strict_json.RefusedTextError as error:
        raise ProblemError(Problem(INVALID_CONTENT, _sentence(error))) from None
    except strict_json.MalformedJsonError as error:
        raise ProblemError(Problem(MALFORMED_JSON, _sentence(error))) from None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, and then what the server says: streaming answers wait for a hang-up."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


def _too_large(most: int) -> ProblemError:
    detail = f"The body may be {most} bytes long."
    return ProblemError(Problem(BODY_TOO_LARGE, detail, headers=_CLOSING))


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(Problem(UNSUPPORTED_CONTENT, detail, headers=_CLOSING))


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."
