"""An upstream whose files have no end, to see who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

import httpx

_PIECE = bytes(64 * 1024)
_PIECES = 256  # 16 MiB: more than anybody may hold, and little to make
_AHEAD = 16  # pieces that may be under way before the first is handed on


class Flood(httpx.AsyncBaseTransport):
    """Answers the given targets with a long file, and all others as the upstream does."""

    def __init__(self, upstream: httpx.AsyncBaseTransport, targets: Collection[str]) -> None:
        self._upstream = upstream
        self._targets = targets
        self._sent = 0
        self.is_held = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The long file under the recorded answer's headers."""
        answer = await self._upstream.handle_async_request(request)
        if request.url.raw_path.decode("ascii") not in self._targets or answer.status_code != 200:
            return answer
        headers = {n: v for n, v in answer.headers.items() if n.lower() != "content-length"}
        return httpx.Response(200, headers=headers, stream=_Endless(self))

    def begin(self) -> None:
        """Another file is about to be opened."""
        self._sent = 0

    def look(self) -> None:
        """Notes whether the file has come whole by now."""
        self.is_held = self.is_held or self._sent > _AHEAD

    def count(self) -> None:
        """One piece has gone out."""
        self._sent += 1


class _Endless(httpx.AsyncByteStream):
    def __init__(self, flood: Flood) -> None:
        self._flood = flood

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(_PIECES):
            self._flood.count()
            await asyncio.sleep(0)
            yield _PIECE
