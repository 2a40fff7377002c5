"""Calls the addresses that a controller left with a request, each time its state changes.

OpenDSR 2.0 (https://github.com/opengdpr/OpenDSR, specification.md, section 8) wants at least one
try. There is one, and an address that answers 404 or 410 is not called again for that request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from random import Random

import httpx

from avgate_mocks.fault import Mood
from avgate_mocks.kernel import Kernel
from avgate_mocks.loopback import NO_TLS, on_loopback
from avgate_mocks.subprocessors.answering import sealed
from avgate_mocks.subprocessors.job import Job, Status
from avgate_mocks.subprocessors.seal import Seal

_TRY_SECONDS = 5.0
_SKIPPED = 0.28  # of the calls, in a nasty mood: the share that it disturbs of everything else
_UNWANTED = frozenset({404, 410})


class Caller:
    """Follows requests beside the mock's own answers, which never wait for it."""

    def __init__(self, kernel: Kernel, seal: Seal, settle: Callable[[], None]) -> None:
        self._kernel = kernel
        self._seal = seal
        self._settle = settle
        self._chance = Random(f"{kernel.world.seed}/{seal.domain}/callbacks")
        self._woken = asyncio.Event()
        self._following: set[asyncio.Task[None]] = set()
        kernel.clock.on_move(self.wake)

    def follow(self, job: Job, addresses: Iterable[str]) -> None:
        """Has those of the addresses called that are on this machine; all others are left alone."""
        called = [address for address in dict.fromkeys(addresses) if on_loopback(address)]
        if called:
            task = asyncio.create_task(self._follow(job, called))
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    def wake(self) -> None:
        """Has every request looked at: time was moved, or one was cancelled."""
        self._woken.set()
        self._woken = asyncio.Event()

    async def _follow(self, job: Job, addresses: Sequence[str]) -> None:
        told: Status = "pending"
        async with httpx.AsyncClient(timeout=_TRY_SECONDS, trust_env=False, verify=NO_TLS) as http:
            while addresses and (change := job.change_after(told)):
                status, due = change
                left = (due - self._kernel.clock.now()).total_seconds()
                if left > 0:
                    await self._wait(left)
                    continue  # what comes next may be something else by now
                told = status
                addresses = await self._tell(http, job, told, addresses)

    async def _wait(self, seconds: float) -> None:
        """Until then, or until woken: time can be moved, which no sleep would notice."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    async def _tell(
        self, http: httpx.AsyncClient, job: Job, status: Status, addresses: Sequence[str]
    ) -> Sequence[str]:
        """Calls all of them, and returns those that may be called again."""
        self._settle()
        wanted = await asyncio.gather(*(self._call(http, job, status, a) for a in addresses))
        return [address for address, again in zip(addresses, wanted, strict=True) if again]

    async def _call(self, http: httpx.AsyncClient, job: Job, status: Status, address: str) -> bool:
        if self._kernel.faults.mood is Mood.NASTY and self._chance.random() < _SKIPPED:
            return True
        content = {**job.state(status, job.address), "status_callback_url": address}
        body, headers = sealed(self._seal, content, job.naming)
        headers["Content-Type"] = "application/json"
        try:
            answer = await http.post(address, content=body, headers=headers)
        except httpx.HTTPError:
            return True
        return answer.status_code not in _UNWANTED
