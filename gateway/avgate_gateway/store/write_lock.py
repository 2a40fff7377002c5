"""Whose turn it is at something that one uses at a time: first of those who are waited for."""

from __future__ import annotations

import asyncio
from collections import deque

MOST_IN_A_ROW = 64  # who went ahead, until one goes that did not


class WriteLock:
    """A fair lock with two queues: callers wait for an answer, and what is done by itself can wait for them.

    In each the longest waiting is first. Nobody waits for ever: after so many of the first queue in a row
    it is the other's turn.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._in_a_row = 0
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @property
    def goes_last(self) -> bool:
        """Whether the next turn goes to somebody who does not hurry, or to nobody."""
        return self._in_a_row >= MOST_IN_A_ROW or all(one.done() for one in self._ahead)

    async def acquire(self, *, ahead: bool = False) -> None:
        """Ends once it is the caller's turn, who releases it whatever happens."""
        if not self._is_taken:
            self._is_taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        queue = self._ahead if ahead else self._others
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was theirs a moment ago
                self.release()
            raise

    def release(self) -> None:
        """Hands it to the next, if anybody waits."""
        turn = self._next()
        if turn is None:
            self._is_taken = False
        else:
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        for queue in (self._ahead, self._others):  # who gave up waiting is passed over
            while queue and queue[0].done():
                queue.popleft()
        is_others = not self._ahead or (self._others and self._in_a_row >= MOST_IN_A_ROW)
        self._in_a_row = 0 if is_others else self._in_a_row + 1
        queue = self._others if is_others else self._ahead
        return queue.popleft() if queue else None
