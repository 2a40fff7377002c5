"""Cassettes of our connectors' own tests: made from the mocks where there is none, else played.

Each connector says by itself what a cassette keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vcr import VCR  # type: ignore[import-untyped]  # vcrpy ships no types

Redact = Callable[[Any, Any, Any], tuple[Any, Any]]
Match = Callable[[Any, Any], None]
_WANTED = ("accept", "accept-encoding", "content-type", "idempotency-key")


def taped(path: Path, redact: Redact, *matches: Match, on: Sequence[str] = ("body",)) -> Any:
    """The cassette of this path; requests match by `on` and by what `matches` say besides."""
    recorder = VCR(
        record_mode="none" if path.exists() else "once",
        record_on_exception=False,
        match_on=("method", "path", "query", *on, "key", *(match.__name__ for match in matches)),
        before_record_request=_unless_for_the_mock,
        before_save_interaction=redact,
    )
    for name, match in (("key", _same_key), *((match.__name__, match) for match in matches)):
        recorder.register_matcher(name, match)
    return recorder.use_cassette(str(path))


def named_only(request: Any, response: Any, kept: Sequence[str]) -> None:
    """Leaves the headers of both whose names are told: no token, and no date."""
    request.headers = {n: v for n, v in request.headers.items() if n.lower() in _WANTED}
    response["headers"] = {n: v for n, v in response["headers"].items() if n.lower() in kept}


def _same_key(one: Any, other: Any) -> None:
    assert one.headers.get("idempotency-key") == other.headers.get("idempotency-key")


def _unless_for_the_mock(request: Any) -> Any:
    return None if request.path.startswith("/_") else request
