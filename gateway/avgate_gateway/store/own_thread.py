"""A thread for one connection: handing it a step costs a quarter of what an executor's costs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from avgate_gateway.store.cut_short import AwayError

_NO_ROOM = "the system has no room for a thread; see how much memory and how many tasks this process may have"
Step = Callable[[], Any]


class OwnThread:
    """Takes one step after the other; begins with the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: SimpleQueue[_Given | None] = SimpleQueue()
        self._has_begun = False
        self.under_way = 0

    async def wait_for(self, step: Step) -> Any:
        """What the step gives or raises, or AwayError; who is given up leaves it to end before the next begins."""
        loop = asyncio.get_running_loop()
        given = _Given(self, loop, step)
        self._hand(given)
        self.under_way += 1
        return await given.ended

    def end_with(self, step: Step) -> None:
        """Takes a last step once everything under way has ended; nobody waits for it."""
        if (
            not self._has_begun
        ):  # so nothing is under way; and where no thread can be had, none is needed
            step()
            return
        self._hand(_Given(self, None, step))
        self.end()

    def end(self) -> None:
        """Ends it once everything under way has ended."""
        self._given.put(None)

    def _hand(self, given: _Given) -> None:
        if not self._has_begun:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the next step asks for one again
                raise AwayError(_NO_ROOM) from error
            self._has_begun = True
        self._given.put(given)

    def _work(self) -> None:
        while (given := self._given.get()) is not None:
            given.take()
            del given  # or it would be held until there is another


class _Given:
    """One step on its way."""

    __slots__ = ("_loop", "_step", "_thread", "ended")

    def __init__(
        self, thread: OwnThread, loop: asyncio.AbstractEventLoop | None, step: Step
    ) -> None:
        self._thread = thread
        self._loop = loop
        self._step = step
        if loop is not None:
            self.ended: asyncio.Future[Any] = loop.create_future()

    def take(self) -> None:
        """In the thread: takes the step, and has the loop told of its end."""
        result: Any = None
        error: BaseException | None = None
        try:
            result = self._step()
        except BaseException as raised:  # noqa: BLE001 -- raised again where it is waited for
            error = raised
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                self._loop.call_soon_threadsafe(self._end, result, error)

    def _end(self, result: Any, error: BaseException | None) -> None:
        self._thread.under_way -= 1
        if self.ended.done():  # given up
            return
        if error is None:
            self.ended.set_result(result)
        else:
            self.ended.set_exception(error)
