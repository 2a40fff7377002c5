"""Follows what happens to a request, through every cut of the connection, once and in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pydantic import ValidationError

from avgate_client.answers import Event
from avgate_client.errors import UnexpectedAnswerError, UnreachableError
from avgate_client.event_stream import EventStream, NotAStreamError
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.retrying import backoff

_PATH = "/v1/requests/{id}/events"


@dataclass(slots=True)
class Following:
    """Events after `last`, the sequence of the last one that was given.

    The gateway ends the stream once the request is closed and all was told. What ends it earlier is
    a cut, even where it looks like an end, and the next connection asks for what came after `last`.
    So it is the end where a connection was made after the request had closed, brought nothing, and
    did not break off.
    """

    line: Line
    request_id: str
    last: int
    is_closed: Callable[[], Awaitable[bool]]
    is_cut: bool = False  # the last connection broke off
    in_vain: int = 0  # connections in a row that brought nothing at all
    asked_to_wait: float = 0.0  # seconds

    async def events(self) -> AsyncGenerator[Event, None]:
        """Each event once; raises UnreachableError where no connection brings anything any more."""
        was_closed = False
        while True:
            before = self.last
            async with aclosing(self._connection()) as connection:
                async for event in connection:
                    yield event
            is_news = self.last != before
            if was_closed and not is_news and not self.is_cut:
                return
            was_closed = await self.is_closed()
            if not is_news and (self.is_cut or not was_closed):
                await self._before_the_next()

    async def _connection(self) -> AsyncGenerator[Event, None]:
        """The events of one connection that were not given yet, until it ends in any way."""
        known = {"last-event-id": str(self.last)} if self.last else {}
        outgoing = Outgoing(
            "GET", _PATH, ids={"id": self.request_id}, headers=known, accept="text/event-stream"
        )
        stream = EventStream()
        self.in_vain, self.is_cut = self.in_vain + 1, True
        async with self.line.stream(outgoing) as answer:
            try:
                async for piece in answer.chunks:
                    self.in_vain = 0 if piece else self.in_vain
                    for event in _events(stream, piece):
                        if event.sequence > self.last:
                            self.last = event.sequence
                            yield event
                self.is_cut = not stream.is_between_events
            except UnreachableError:
                pass  # what the cut took away, the next connection brings
        self.asked_to_wait = stream.retry or 0.0

    async def _before_the_next(self) -> None:
        patience, runtime = self.line.patience, self.line.runtime
        if self.in_vain >= patience.attempts:
            raise UnreachableError("the events do not come through", was_sent=False)
        longest = patience.longest_wait
        wait = backoff(self.in_vain + 1, longest, runtime.random.random())
        await runtime.sleep(max(wait, min(self.asked_to_wait, longest)))


def _events(stream: EventStream, piece: bytes) -> list[Event]:
    try:
        return [Event.model_validate_json(message.data) for message in stream.feed(piece)]
    except (NotAStreamError, ValidationError):
        pass
    raise UnexpectedAnswerError("what comes as events is not what this release sends")
