"""A call that never ends, and what is going on being cancelled while it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx

from avgate_contracts.kit.fault import Fault, Scene
from avgate_contracts.kit.fault_transport import Asked

_PROMPT = 1.0  # seconds of the loop's time; whoever takes longer waits for something of its own


class Halt:
    """Stops at the nth call of a step, `is_done`: once the upstream has done what it was asked."""

    def __init__(self, step: str, nth: int, is_done: bool = False) -> None:
        self._step = step
        self._left = nth
        self._is_done = is_done
        self._reached = asyncio.Event()
        self.is_reached = False
        self.after = 0  # calls that were made once it had been cancelled
        self._is_cancelled = False

    def plan(self, asked: Asked) -> Fault | None:
        """The fault of the one call."""
        self.after += self._is_cancelled
        if self.is_reached or asked.step != self._step or asked.is_token:
            return None
        self._left -= 1
        self.is_reached = self._left < 0
        return Fault("no answer, ever", self._wait, ()) if self.is_reached else None

    async def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begins it, cancels it once it has come to the call, and waits for its end a little.

        What the task then is says how it took that.
        """
        task = asyncio.create_task(work)
        reached = asyncio.create_task(self._reached.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        task.cancel()
        self._is_cancelled = True
        await asyncio.wait({task}, timeout=_PROMPT)
        self._is_cancelled = False
        return task

    async def _wait(self, scene: Scene) -> httpx.Response:
        if self._is_done:
            await scene.proceed()
        self._reached.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")
