"""Looks at a request again and again, no more often than the gateway asks, and costs it little."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from http import HTTPStatus

from avgate_client.answers import Follower, Request, Until
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.reading import read
from avgate_contracts.http.retry import retry_after

ONE = "/v1/requests/{id}"
_USUAL = 1.0  # seconds between two looks, where the gateway names none


async def watched(
    line: Line,
    follower: Follower,
    request_id: str,
    until: Until,
    *,
    seconds: float | None,
    every: float | None,
) -> AsyncGenerator[Request, None]:
    """The request each time that it is another than before; the last one may not be there yet.

    `seconds`: the longest to watch. `every`: seconds between two looks, instead of what the gateway
    asks for. Unchanged, it is not sent again (ETag).
    """
    monotonic = line.runtime.monotonic
    end = None if seconds is None else monotonic() + seconds
    shown: Request | None = None
    tag, asked = "", _USUAL
    while True:
        known = {"if-none-match": tag} if tag else {}
        answer = await line.send(Outgoing("GET", ONE, ids={"id": request_id}, headers=known))
        if answer.status != HTTPStatus.NOT_MODIFIED:
            tag = answer.headers.get("etag", "")
            now = read(answer, Request).followed_by(follower)
            asked = retry_after(answer.headers.get("retry-after"), line.runtime.now()) or _USUAL
            if now != shown:
                shown = now
                yield now
        if shown is None or is_there(shown, until):
            return
        left = None if end is None else end - monotonic()
        if left is not None and left <= 0:
            return
        pause = asked if every is None else every
        await line.runtime.sleep(pause if left is None else min(pause, left))


def is_there(request: Request, until: Until) -> bool:
    """Whether there is nothing more to wait for."""
    return request.is_closed if until == "closed" else request.is_settled
