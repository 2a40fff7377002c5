"""Which questions a processor has not answered yet, and as which request each was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID, uuid5

_ABANDONED = timedelta(
    days=1
)  # since anybody wanted to know; nobody waits so long between two tries


class Questions:
    """One processor's; who is asked about is kept as a digest only."""

    def __init__(self, first: UUID, now: Callable[[], datetime]) -> None:
        self._ids = _ids_from(first)
        self._now = now
        self._open: dict[bytes, tuple[str, datetime]] = {}  # its request, and when it was last put

    def request(self, kind: str, named: Sequence[tuple[str, str]]) -> str:
        """The id of the request to go on with, or of one to make.

        What was given up tells of the day it was asked on, and of nothing that came since.
        """
        now = self._now()
        kept = {q: put for q, put in self._open.items() if now - put[1] < _ABANDONED}
        question = _digest(kind, named)
        request_id = kept[question][0] if question in kept else str(next(self._ids))
        self._open = {**kept, question: (request_id, now)}
        return request_id

    def answered(self, kind: str, named: Sequence[tuple[str, str]]) -> None:
        """The next who asks makes a new request."""
        self._open.pop(_digest(kind, named), None)


def _digest(kind: str, named: Sequence[tuple[str, str]]) -> bytes:
    return sha256(repr((kind, named)).encode()).digest()


def _ids_from(first: UUID) -> Iterator[UUID]:
    """Version 4 in look, as OpenDSR wants them, and this processor's own, whoever asks in between."""
    for nth in count():
        yield UUID(bytes=uuid5(first, str(nth)).bytes, version=4)
