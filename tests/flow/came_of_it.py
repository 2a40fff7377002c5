"""What came of a request, and what people are asked to do for it."""

from __future__ import annotations

from .harness import JsonMap
from .indoors import Indoors


async def lines(
    here: Indoors, request_id: str, connector: str
) -> list[tuple[str | None, str, str | None]]:
    """What became of each kind of item: its category, the outcome and the reason."""
    found = [one for one in await here.report(request_id) if one["connector"] == connector]
    return [(one["category"], one["outcome"], one["reason"]) for one in found]


async def tasks(here: Indoors, request_id: str) -> list[JsonMap]:
    found = (await here.get("/v1/tasks?state=open&limit=200"))["items"]
    return [one for one in found if one["request_id"] == request_id]
