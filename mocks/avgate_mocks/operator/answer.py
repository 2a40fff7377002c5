"""JSON as TM Forum's specifications say that they produce it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/json;charset=utf-8"


def json_answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    own = {"Content-Type": MEDIA_TYPE, **(headers or {})}
    return Response(orjson.dumps(content), status, own)


def no_content() -> Response:
    """A deletion's answer: the specifications name the media type for all of them, 204 too."""
    return Response(status_code=204, headers={"Content-Type": MEDIA_TYPE})
