"""What callers send: decoded, or refused with the code that Xelion has for it."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.refusal import invalid, missing


async def sent(request: Request) -> Any:
    """Raises XelionError 10200 for no body and 10202 for one that is not JSON."""
    raw = await request.body()
    if not raw.strip():
        raise missing("the payload")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise invalid("the payload") from None


async def sent_object(request: Request) -> JsonObject:
    """An object, bare or in the envelope in which it was read."""
    content = await sent(request)
    if isinstance(content, dict) and isinstance(content.get("object"), dict):
        content = content["object"]
    if not isinstance(content, dict):
        raise invalid("the payload")
    return content


async def sent_text(request: Request) -> str:
    """A bare JSON string, as renewals and joins want it."""
    content = await sent(request)
    if not isinstance(content, str):
        raise invalid("the payload")
    if not content:
        raise missing("the payload")
    return content


async def sent_word(request: Request) -> str:
    """A JSON string, or the word without its quotes, as a public program sends it."""
    raw = await request.body()
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        content = raw.decode("utf-8", "replace").strip()
    if not isinstance(content, str):
        raise invalid("the payload")
    if not content and not raw:
        raise missing("the payload")
    return content


def relation(content: JsonObject, name: str) -> list[JsonObject]:
    """The entries of a relation, none if it was not sent; raises XelionError 10202."""
    entries = content.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise invalid(name)
    return entries


async def sent_operations(request: Request) -> list[JsonObject]:
    """The operations of a PATCH: in an envelope, as every client sends them, or as a bare array."""
    content = await sent(request)
    operations = content.get("operations") if isinstance(content, dict) else content
    if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
        raise invalid("the list of operations")
    if not operations:
        raise missing("the list of operations")
    return operations
