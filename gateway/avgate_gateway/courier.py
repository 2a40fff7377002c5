"""Delivers what is to be handed over: now, and again for days until it arrives.

The queue is rows with the time of their next attempt. An attempt claims its row for a while and
renews that as long as it lasts; where the claim lapses, another process takes it up, and goes on
where the destination's file ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import sqlalchemy as sa

from avgate_contracts.http import Runtime
from avgate_gateway.flow.context import Context
from avgate_gateway.handing_over import FINAL, NOT_READY, Place, destinations_of, still_opened
from avgate_gateway.handover import (
    DeliveryError,
    Receipt,
    Sealed,
    Spool,
    Way,
    wait_after,
    way_to,
)
from avgate_gateway.logs.catalogue import HANDOVER_FAILED, HANDOVER_POSTPONED
from avgate_gateway.logs.fault import record
from avgate_gateway.packing import packed
from avgate_gateway.registry import Installed
from avgate_gateway.request import SubjectRequest
from avgate_gateway.settings import Settings
from avgate_gateway.settings.destination import Destination
from avgate_gateway.store import evidence, handovers, requests
from avgate_gateway.store.copies import ChangedError
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.handovers import Handover, HandoverState, Here

T = TypeVar("T")

_AT_ONCE = 4
_SWEEP_SECONDS = 1.0
_SELDOM_SECONDS = 60.0
_TIDY_SECONDS = 60.0
_CLAIMED_FOR = timedelta(seconds=60)
_TOLD_AFTER = timedelta(minutes=5)  # that what is due lies on another machine
_LEFT_AFTER = timedelta(hours=6)  # another machine that does not go on with it is gone
_LIES_ELSEWHERE = (
    "the sealed copy lies on another machine: start that one, or let all share handover_folder; "
    "after 6 hours it is sealed anew here"
)
_RENEWED_EVERY = 15.0  # seconds
_STALLS_AFTER = 120.0  # seconds without a piece that was taken


def courier_of(
    settings: Settings, context: Context, installed: Mapping[str, Installed], runtime: Runtime
) -> Courier:
    """The courier of a gateway; raises SettingsError for want of a destination's library."""
    spool = Spool(settings.handover_folder)
    return Courier(context, installed, destinations_of(settings), spool, runtime, way_to)


class _LostError(Exception):
    """It is somebody else's by now, or has ended."""


@dataclass(slots=True)
class Courier:
    """Carries the handovers of all controllers to where they go."""

    context: Context
    installed: Mapping[str, Installed]
    destinations: Mapping[Place, Destination]
    spool: Spool
    runtime: Runtime
    way_to: Callable[[Destination, Runtime], Way]
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _tidied: float = float("-inf")

    async def look(self) -> None:
        """Begins what is due, and removes what has ended now and then."""
        await self._sweep()
        if self.runtime.monotonic() - self._tidied >= _TIDY_SECONDS:
            self._tidied = self.runtime.monotonic()
            await self.tidy()

    async def stop(self) -> None:
        """Ends what is under way, which is taken up later."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    @property
    def looks_every_seconds(self) -> float:
        """Seldom where nothing can be handed over but what was asked for before."""
        return _SWEEP_SECONDS if self.destinations else _SELDOM_SECONDS

    async def deliver_due(self) -> None:
        """Makes every attempt that is due, and returns when they have ended."""
        await self._sweep()
        await asyncio.gather(*self._under_way.values())

    async def tidy(self) -> None:
        """Removes the files of handovers that have ended."""
        ids = self.spool.ids()
        if ids:
            async with self.context.database.read() as db:
                kept = await handovers.still_open(db, ids)
            for done in set(ids) - set(kept):
                self.spool.drop(done)
        if self.destinations:
            here = await self._here()
            async with self.context.database.write() as db:
                since = here.now - _TOLD_AFTER
                await handovers.mark_elsewhere(db, here, since, _LIES_ELSEWHERE)

    async def _here(self) -> Here:
        """What this machine may take: two that share no folder would seal the same copy twice."""
        now, folder = self.context.now(), await asyncio.to_thread(self.spool.name)
        return Here(folder, now, now - _LEFT_AFTER)

    async def _sweep(self) -> None:
        room = _AT_ONCE - len(self._under_way)
        if room <= 0:
            return
        here = await self._here()
        async with self.context.database.read() as db:
            found = await handovers.due(db, here, _AT_ONCE)
        for handover_id in [one for one in found if one not in self._under_way][:room]:
            task = asyncio.create_task(self._attempt(handover_id))
            self._under_way[handover_id] = task
            task.add_done_callback(partial(self._ended, handover_id))

    def _ended(self, handover_id: str, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(handover_id, None)

    async def _attempt(self, handover_id: str) -> None:
        """Nothing is raised: what goes wrong is written down, or found due again."""
        with _recorded():
            mine, here = str(uuid4()), await self._here()
            async with self.context.database.write() as db:
                found = await handovers.claim(db, handover_id, mine, here, here.now + _CLAIMED_FOR)
            if found is None:
                return
            with suppress(_LostError):
                await self._tried(found, mine)

    async def _tried(self, one: Handover, mine: str) -> None:
        """An attempt and what it came to; raises _LostError where that cannot be written any more."""
        try:
            receipt, sealed = await self._held(one, mine, self._delivered(one, mine))
        except DeliveryError as error:
            await self._postpone(one, mine, error)
        except TimeoutError:
            await self._postpone(one, mine, DeliveryError("stalled", "nothing moved any more"))
        except _LostError:
            raise
        except Exception as error:  # noqa: BLE001 -- nobody else would hear of it
            record(error)
            await self._postpone(one, mine, DeliveryError("fault", type(error).__name__))
        else:
            await self._arrived(one, mine, receipt, sealed)

    async def _delivered(self, one: Handover, mine: str) -> tuple[Receipt, Sealed]:
        destination = self.destinations.get((one.controller, one.destination))
        if destination is None:
            raise DeliveryError("unknown_destination", "it is no longer in the config")
        async with asyncio.timeout(_STALLS_AFTER) as clock:
            loop = asyncio.get_running_loop()

            def moved() -> None:
                clock.reschedule(loop.time() + _STALLS_AFTER)

            sealed = replace(await self._sealed(one, mine, destination, moved), moved=moved)
            moved()
            name = f"avgate-{one.id}-{sealed.sha256[:16]}.zip.age"
            return await self.way_to(destination, self.runtime).deliver(sealed, name), sealed

    async def _sealed(
        self, one: Handover, mine: str, destination: Destination, moved: Callable[[], None]
    ) -> Sealed:
        """The file as it was sealed once; anew only where it does not lie here, for this very key."""
        copy = await still_opened(self.context, one, destination)
        to = destination.recipient
        if copy.is_sealed and one.size is not None and one.sha256 is not None:
            known = await self.spool.found(one.id, to, one.size, one.sha256)
            if known is not None:
                return known
        made = packed(self.context, self.installed, copy.request, copy.box)
        try:
            sealed = await self.spool.seal(one.id, to, made, moved)
        except ChangedError:
            raise DeliveryError(*NOT_READY) from None
        await still_opened(self.context, one, destination, copy)  # it was whole all the while
        details = {"handover": one.id, "sha256": sealed.sha256, "size": sealed.size,
                   "copied": copy.copied}  # fmt: skip
        await self._write(one, mine, copy.request, "handover.sealed", details,
                          size=sealed.size, sha256=sealed.sha256,
                          folder=await asyncio.to_thread(self.spool.name))  # fmt: skip
        return sealed

    async def _arrived(self, one: Handover, mine: str, receipt: Receipt, sealed: Sealed) -> None:
        now = self.context.now()
        details = {
            "handover": one.id, "destination": one.destination, "sha256": sealed.sha256,
            "size": sealed.size, "name": receipt.name,
        }  # fmt: skip
        await self._write(
            one, mine, None, "handover.delivered", details,
            state=HandoverState.DELIVERED, next_attempt_at=None, claimed_until=None, code=None,
            reason=None, delivered_at=now, name=receipt.name, answer=receipt.answer or None,
        )  # fmt: skip
        self.spool.drop(one.id)

    async def _postpone(self, one: Handover, mine: str, error: DeliveryError) -> None:
        """Tries again later, or gives up where that would be too late."""
        again = self.context.now() + wait_after(one.attempts)
        over = again >= one.gives_up_at or error.code in FINAL
        told = {
            "request_id": one.request_id, "controller": one.controller, "handover": one.id,
            "destination": one.destination, "code": error.code, "attempt": one.attempts,
        }  # fmt: skip
        if over:
            HANDOVER_FAILED.tell(**told)
        else:
            HANDOVER_POSTPONED.tell(**told)
        event = "handover.failed" if over else "handover.attempted"
        details = {"handover": one.id, "destination": one.destination, "attempt": one.attempts,
                   "code": error.code}  # fmt: skip
        await self._write(
            one, mine, None, event, details,
            state=HandoverState.FAILED if over else HandoverState.WAITING,
            next_attempt_at=None if over else again, claimed_until=None, code=error.code,
            reason=error.reason,
        )  # fmt: skip
        if over:
            self.spool.drop(one.id)

    async def _write(
        self, one: Handover, mine: str, request: SubjectRequest | None, event: str,
        details: Mapping[str, object], **values: object,
    ) -> None:  # fmt: skip
        """Writes down what happened, and evidence of it, unless it is ours no more."""
        async with self.context.database.write() as db:
            request = request or await requests.find(db, one.request_id)
            if request is None or not await handovers.change(db, one.id, mine, **values):
                raise _LostError
            await evidence.note(db, self.context.now(), request, event, details)

    async def _held(self, one: Handover, mine: str, work: Awaitable[T]) -> T:
        """What the work comes to, while the claim is renewed; _LostError once it is ours no more."""
        working = asyncio.ensure_future(work)
        renewing = asyncio.create_task(self._renew(one.id, mine))
        both = (working, renewing)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return await working
            raise _LostError
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _renew(self, handover_id: str, mine: str) -> None:
        """Returns when the claim is lost, or has not been renewed for so long that it may be."""
        renewed = self.runtime.monotonic()
        while self.runtime.monotonic() - renewed < _CLAIMED_FOR.total_seconds() - _RENEWED_EVERY:
            await asyncio.sleep(_RENEWED_EVERY)
            with suppress(CutShortError, sa.exc.SQLAlchemyError):
                async with self.context.database.write() as db:
                    until = self.context.now() + _CLAIMED_FOR
                    if not await handovers.renew(db, handover_id, mine, until):
                        return
                renewed = self.runtime.monotonic()


@contextmanager
def _recorded() -> Iterator[None]:
    """Whatever is raised inside is recorded and ends there: the next sweep must come."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 -- nobody else would hear of it
        record(error)
