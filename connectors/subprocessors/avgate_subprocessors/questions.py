"""Which questions a processor has not answered yet, and as which request each was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID, uuid5

# Somebody else may have had the answer: another process, or a person. Whoever asks next wants to know
# what is held now, so a question that is not put again about when it was to be is one that was given up.
_SOON = timedelta(minutes=10)
_STEP = 6  # by how much two waits between tries may differ; the gateway's grow fivefold at the most


@dataclass(frozen=True, slots=True)
class _Question:
    request_id: str
    put: datetime  # last
    after: timedelta = timedelta(0)  # the one before

    def is_given_up(self, now: datetime) -> bool:
        return now - self.put > max(_SOON, _STEP * self.after)


class Questions:
    """One processor's; who is asked about is kept as a digest only."""

    def __init__(self, first: UUID, now: Callable[[], datetime]) -> None:
        self._ids = _ids_from(first)
        self._now = now
        self._open: dict[bytes, _Question] = {}

    def request(
        self, kind: str, named: Sequence[tuple[str, str]], whether: Sequence[str] = ()
    ) -> str:
        """The id of the request to go on with, or of one to make.

        What was given up tells of the day it was asked on, and of nothing that came since. `whether`
        something is still there is a question of its own: one from before its erasure says yes.
        """
        now = self._now()
        kept = {key: one for key, one in self._open.items() if not one.is_given_up(now)}
        key = _digest(kind, named, whether)
        if (before := kept.get(key)) is None:
            put = _Question(str(next(self._ids)), now)
        else:
            put = _Question(before.request_id, now, now - before.put)
        self._open = {**kept, key: put}
        return put.request_id

    def answered(
        self, kind: str, named: Sequence[tuple[str, str]], whether: Sequence[str] = ()
    ) -> None:
        """The next who asks makes a new request."""
        self._open.pop(_digest(kind, named, whether), None)


def _digest(kind: str, named: Sequence[tuple[str, str]], whether: Sequence[str]) -> bytes:
    return sha256(repr((kind, named, sorted(whether))).encode()).digest()


def _ids_from(first: UUID) -> Iterator[UUID]:
    """Version 4 in look, as OpenDSR wants them, and this processor's own, whoever asks in between."""
    for nth in count():
        yield UUID(bytes=uuid5(first, str(nth)).bytes, version=4)
