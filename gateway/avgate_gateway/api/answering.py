"""How routes answer: bytes made once, so that the tag, the stored answer and the sent one agree."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from avgate_gateway.api.views import etag
from avgate_gateway.problem import INVALID_PARAMETER, NOT_FOUND, Located, Problem, ProblemError
from avgate_gateway.store.moment import EPOCH

JSON = "application/json"


def json_bytes(view: BaseModel) -> bytes:
    return orjson.dumps(view.model_dump(mode="json"))


def answer(
    http: Request, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with its ETag; 304 without a body where the caller has it already."""
    tag = etag(body)
    if status == 200 and tag in _tags(http):
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, status, {"etag": tag, **(headers or {})}, JSON)


def tagged(
    http: Request, body: bytes, digest: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """The same of a file that is known by its digest."""
    tag = f'"{digest}"'
    if tag in _tags(http):
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, 200, {"etag": tag, **headers}, media_type)


def plain(content: object, *, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type=JSON)


def not_found(why: str = "") -> ProblemError:
    """`why`: of what is the caller's own, and lacks what is asked for."""
    return ProblemError(Problem(NOT_FOUND, why))


def to_cursor(at: datetime, last_id: str) -> str:
    """An opaque place in a list: where the page ended."""
    micros = (at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros}:{last_id}".encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """The place a cursor names; raises ProblemError for anything that is none."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        micros, last_id = base64.b64decode(padded, "-_", validate=True).decode().split(":", 1)
        if last_id.isascii() and last_id.isprintable():  # PostgreSQL takes no NUL in a text
            return EPOCH + timedelta(microseconds=int(micros)), last_id
    except (ValueError, binascii.Error, OverflowError):
        pass
    wrong = Located("Take the cursor from next in the page before.", "cursor", "parameter")
    raise ProblemError(Problem(INVALID_PARAMETER, errors=(wrong,)))


def _tags(http: Request) -> set[str]:
    sent = http.headers.get("if-none-match", "")
    return {tag.strip().removeprefix("W/") for tag in sent.split(",")}
