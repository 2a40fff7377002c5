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
