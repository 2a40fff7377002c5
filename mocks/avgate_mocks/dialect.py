"""How one upstream words what the kernel must say in its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import PlainTextResponse, Response


def plain_refusal(status: int) -> Response:
    return PlainTextResponse(f"error {status}", status)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The errors that a fault or an unknown path or method brings about."""

    refusal: Callable[[int], Response] = plain_refusal  # for 404, 405, 429, 500, 502, 503, 504
    spends_latency_itself: bool = False  # where how long a call takes has a meaning
    says_retry_after: bool = True  # False where the upstream documents no such header
