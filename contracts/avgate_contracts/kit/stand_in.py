"""Stands in for an upstream, out of recordings alone: it knows what writes change.

A strict replay cannot answer a call that is made once more, or earlier than in the recording. This
one answers each call as the upstream did when most nearly the same had been written, so an item
stays gone once the call that erased it was made, and is there for as long as it was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from avgate_contracts.http.call import READS
from avgate_contracts.kit.fault import UNHEARD
from avgate_contracts.kit.fault_transport import NotRecordedError
from avgate_contracts.kit.replay import Matcher, answer
from avgate_contracts.kit.tape import Interaction

KEY_HEADER = "idempotency-key"
_NEARBY = 1000  # how much more a write under the same path says about an answer than another


@dataclass(frozen=True, slots=True)
class _Line:
    """One recorded interaction, and which writes had been made when it was recorded."""

    number: int
    path: str
    is_write: bool
    after: frozenset[int]
    interaction: Interaction


class StandIn(httpx.AsyncBaseTransport):
    """An upstream for fault tests; raises NotRecordedError where no recording helps.

    `requests` is what the matcher makes of the tape's requests: worked out once for many of these.
    """

    def __init__(
        self, tape: Sequence[Interaction], matcher: Matcher, requests: Sequence[str]
    ) -> None:
        self._matcher = matcher
        self._lines: dict[str, list[_Line]] = {}
        self._paths: dict[int, str] = {}  # of the writes
        self._done: set[int] = set()
        self._used: set[int] = set()
        self._unheard: set[int] = set()  # writes that were sent and never arrived
        self._load(tape, requests)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer that fits what has been done so far."""
        key = request.headers.get(KEY_HEADER)
        body = await request.aread()
        lines = self._lines.get(self._matcher(request.method, str(request.url), body, key), [])
        if request.extensions.get(UNHEARD):
            self._unheard |= {line.number for line in lines if line.is_write}
            raise httpx.ReadTimeout("sent, and never arrived")
        known = self._possible(lines)
        if not known:
            raise NotRecordedError(f"{request.method}: a call that is on no recording")
        line = self._fitting(known)
        self._used.add(line.number)
        if line.is_write:
            self._done.add(line.number)
        return answer(line.interaction)

    def _load(self, tape: Sequence[Interaction], requests: Sequence[str]) -> None:
        before: frozenset[int] = frozenset()
        for number, (one, same) in enumerate(zip(tape, requests, strict=True)):
            path = urlsplit(one.url).path
            is_write = one.method not in READS
            self._lines.setdefault(same, []).append(_Line(number, path, is_write, before, one))
            if is_write:
                before |= {number}
                self._paths[number] = path

    def _possible(self, lines: Sequence[_Line]) -> Sequence[_Line]:
        """Without what was answered after a write that, this time, never arrived.

        If nothing else is recorded, what was written elsewhere may stand.
        """
        untouched = [line for line in lines if line.is_write or not line.after & self._unheard]
        return untouched or [line for line in lines if not self._is_touched(line)]

    def _is_touched(self, line: _Line) -> bool:
        return any(_is_near(line.path, self._paths[n]) for n in line.after & self._unheard)

    def _fitting(self, known: Sequence[_Line]) -> _Line:
        """Of several recordings of one call, the one whose past is most like ours.

        Where that says nothing, in the order of the recording, and the last one again and again.
        """
        if known[0].is_write:
            fresh = [line for line in known if line.number not in self._used]
            return fresh[0] if fresh else known[-1]
        if len(known) == 1:
            return known[0]
        distances = [self._distance(line) for line in known]
        nearest = min(distances)
        alike = [line for line, far in zip(known, distances, strict=True) if far == nearest]
        return next((line for line in alike if line.number not in self._used), alike[-1])

    def _distance(self, line: _Line) -> int:
        differing = line.after ^ self._done
        near = sum(_is_near(line.path, self._paths[number]) for number in differing)
        return near * _NEARBY + len(differing)


@lru_cache(maxsize=65_536)
def _is_near(path: str, other: str) -> bool:
    longer, shorter = (path, other) if len(path) >= len(other) else (other, path)
    return longer == shorter or longer.startswith(shorter.rstrip("/") + "/")
