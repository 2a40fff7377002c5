"""Tells whoever waits for a request in this process that something happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context

from avgate_gateway.store.cut_short import CutShortError

Look = Callable[[int | None], Awaitable[tuple[int, Collection[str]]]]
"""The number of the last entry of the evidence, and what those after a former one are about."""

_EVERY_SECONDS = 1.0


class Changes:
    """Waiting listeners by request; whoever waits still looks now and then by itself.

    What other processes do, and whoever tells nobody, is in the evidence: as long as anybody listens,
    `look` finds it once a second for all of them. A thousand who each looked by themselves took all
    that there is of the database.
    """

    def __init__(self, look: Look | None = None) -> None:
        self._look = look
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        self.is_over = False

    def tell(self, request_id: str) -> None:
        for listener in self._listeners.get(request_id, ()):
            listener.set()

    def end(self) -> None:
        """Says to everybody that this process ends: they ask another one, or it when it is back."""
        self.is_over = True
        self._tell_all()

    @contextmanager
    def listening(self, request_id: str) -> Iterator[asyncio.Event]:
        """An event that is set at the next change; the listener clears it."""
        event = asyncio.Event()
        self._listeners.setdefault(request_id, set()).add(event)
        if self._look is not None and (self._looking is None or self._looking.done()):
            # In nobody's name, whoever came first.
            self._looking = asyncio.create_task(self._look_on(self._look), context=Context())
        try:
            yield event
        finally:
            left = self._listeners[request_id]
            left.discard(event)
            if not left:
                del self._listeners[request_id]

    async def _look_on(self, look: Look) -> None:
        last: int | None = None
        while self._listeners:
            before, last = last, None
            told: Collection[str] = ()
            with suppress(CutShortError):  # they look by themselves, and hear that it is away
                last, told = await look(before)
            if before is None:  # somebody may have looked before this began
                self._tell_all()
            for request_id in told:
                self.tell(request_id)
            await asyncio.sleep(_EVERY_SECONDS)

    def _tell_all(self) -> None:
        for request_id in self._listeners:
            self.tell(request_id)


async def heard(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event comes, at the longest within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
