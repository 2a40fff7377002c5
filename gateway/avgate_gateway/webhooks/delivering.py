"""Sends what the outbox holds: every endpoint at its own pace, and each delivery by one sender at a time.

A look each second takes what is due under a claim (`store.deliveries`), sends it and writes what became
of it; whatever stops in between is found again when the claim has lapsed. So a receiver gets each at
least once, always under the same id, and in no promised order.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from avgate_contracts.http import Runtime
from avgate_gateway.logs.catalogue import WEBHOOK_CUT_SHORT, WEBHOOK_DISABLED
from avgate_gateway.logs.fault import record
from avgate_gateway.rounds import Rounds
from avgate_gateway.store import deliveries, endpoints, evidence, redelivery
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import Attempt, Delivery, DeliveryState, Place
from avgate_gateway.webhooks.form import Form, UnaddressedError
from avgate_gateway.webhooks.post import (
    ANSWERED,
    NO_ANSWER,
    NOT_ALLOWED,
    SECONDS,
    UNREACHABLE,
    Answered,
    Post,
)
from avgate_gateway.webhooks.schedule import FAILING_FOR, End, Next, following

AT_ONCE = 4  # attempts at one endpoint, by one process
_SWEEP_SECONDS = 1.0
_TIDY_SECONDS = 600.0
_DRAIN_SECONDS = 5.0
_KEEP_DELIVERED = timedelta(days=30)
_KEEP_OTHERS = timedelta(days=180)
_LEFT_AFTER = timedelta(hours=1)  # due for so long, it is nobody's to send
UNADDRESSED, FAULT = "unaddressed", "fault"
WORDS = (ANSWERED, NO_ANSWER, UNREACHABLE, NOT_ALLOWED, UNADDRESSED, FAULT)
GONE, FAILING = "gone", "failing"  # why an endpoint is disabled
_STATES = {
    End.DELIVERED: DeliveryState.DELIVERED,
    End.AGAIN: DeliveryState.WAITING,
    End.GIVEN_UP: DeliveryState.FAILED,
}


class Deliverer:
    """The one who sends; `start` and `stop` it with the process."""

    def __init__(
        self,
        database: Database,
        forms: Mapping[str, Form],
        runtime: Runtime,
        seconds: float = SECONDS,
    ) -> None:
        self.attempts: Counter[tuple[str, str]] = Counter()  # by controller and what it came to
        self._database = database
        self._forms = forms
        self._runtime = runtime
        self._seconds = seconds
        self._post: Post | None = None
        self._sending: dict[asyncio.Task[None], Place] = {}
        self._rung = asyncio.Event()

    def join(self, rounds: Rounds) -> None:
        """Has what is due sent, what a dead process left too, and what is old removed."""
        if self._database.outbox.outlets:
            rounds.every(0.0, "webhooks", "The sending of events", self._sweep_and_wait)
        name = "The removal of old deliveries"
        rounds.every(_TIDY_SECONDS, "old_webhooks", name, self.tidy, begins_at_once=False)

    async def send_the_last(self) -> None:
        """Begins to send what the last requests came to, before an end; where that fails, it is sent later."""
        if self._database.outbox.outlets:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 -- the end goes on
                record(error)

    async def stop(self) -> None:
        """Ends; what is on its way and does not end soon is sent again by the next who looks."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=_DRAIN_SECONDS)
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._post is not None:
            await self._post.aclose()

    async def sweep(self) -> None:
        """Begins to send what is due, as much of each endpoint as there is room for.

        What is for an endpoint that only other processes know is theirs: settings change in one
        process after the other.
        """
        now = self._runtime.now()
        async with self._database.read() as db:
            waiting = await deliveries.waiting(db)
            standings = await endpoints.all_of(db) if waiting else {}
        known = self._known() if waiting else frozenset()
        for place, next_at in waiting.items():
            if place not in known:
                continue
            standing = standings.get(place, endpoints.Standing())
            if standing.disabled_at is not None:
                async with self._database.write() as db:
                    if await endpoints.stays_disabled(db, place):  # or it was enabled meanwhile
                        await deliveries.hold(db, place, now)
            elif next_at <= now and (standing.paused_until or now) <= now:
                await self._take(place, now)

    async def idle(self) -> None:
        """Waits until nothing is on its way from here."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _take(self, place: Place, now: datetime) -> None:
        room = AT_ONCE - sum(other == place for other in self._sending.values())
        if room <= 0:
            return
        async with self._database.write() as db:
            claimed = await deliveries.claim(db, place, now, room)
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            self._sending[task] = place
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._rung.set()

    async def _send(self, one: Delivery) -> None:
        at = self._runtime.now()
        try:
            said, what = await self._attempted(one, at)
            await self._write_down(one, said, what)
        except CutShortError:
            WEBHOOK_CUT_SHORT.tell(delivery=one.id)  # it is sent again when its claim lapses
        except Exception as error:  # noqa: BLE001 -- nobody else would hear of it
            record(error)

    async def _attempted(self, one: Delivery, at: datetime) -> tuple[Attempt, Next]:
        try:
            letter = await self._forms[one.kind].letter(one, at)
        except (UnaddressedError, KeyError):
            return _said(one, at, Answered(None, UNADDRESSED, 0)), Next(End.GIVEN_UP)
        try:
            self._post = self._post or Post(self._runtime, self._seconds)
            answered = await self._post.send(letter, one.attempts)
        except Exception as error:  # noqa: BLE001 -- one odd address must not be tried for ever
            record(error)
            answered = Answered(None, FAULT, 0)
        chance = self._runtime.random.random()
        return _said(one, at, answered), following(
            answered.status, one.tries, chance, answered.after
        )

    async def _write_down(self, one: Delivery, said: Attempt, what: Next) -> None:
        now, place = self._runtime.now(), (one.controller, one.endpoint)
        async with self._database.write() as db:
            state = _STATES.get(what.end, DeliveryState.FAILED)
            if what.end is End.DELIVERED:
                await endpoints.succeeded(db, place)
            elif said.word != UNADDRESSED and await self._is_over(db, one, what, now):
                state = DeliveryState.HELD
            next_at = now + what.wait if what.wait and state is DeliveryState.WAITING else None
            await deliveries.finish(db, one, said, state, next_at)
        self.attempts[one.controller, "delivered" if what.end is End.DELIVERED else "failed"] += 1

    async def _is_over(self, db: Connection, one: Delivery, what: Next, now: datetime) -> bool:
        """Notes that an endpoint failed; whether it is disabled by now."""
        place = (one.controller, one.endpoint)
        is_last = what.end is End.GONE and self._forms[one.kind].is_for_one_request
        if is_last:
            return False
        since = await endpoints.failed(db, place, now, now + what.pause if what.pause else None)
        reason = GONE if what.end is End.GONE else FAILING
        if reason is FAILING and now - since < FAILING_FOR:
            return False
        if await endpoints.disable(db, place, now, reason):
            told = {"endpoint": one.endpoint, "reason": reason}
            await evidence.append(db, now, one.controller, None, "webhook.disabled", told)
            WEBHOOK_DISABLED.tell(endpoint=one.endpoint, controller=one.controller, reason=reason)
        return True

    async def _sweep_and_wait(self) -> None:
        """Until the next sweep is due, or something that was sent makes room for more."""
        try:
            await self.sweep()
        except Exception as error:  # noqa: BLE001 -- it waits all the same before it sweeps again
            record(error)
        self._rung.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP_SECONDS):
                await self._rung.wait()

    async def tidy(self) -> None:
        """Drops what is old, so that the tables do not grow for ever; never what still waits.

        Of controllers and endpoints that the settings name no more too: what waits for those is
        given up first, for nobody sends it, and it would wait for ever. That nobody does is seen by
        how long it has been due: another process may have settings that are newer.
        """
        now, known = self._runtime.now(), self._known()
        async with self._database.read() as db:
            places = await deliveries.waiting(db)
            standings = await endpoints.all_of(db)
            controllers = await redelivery.controllers(db)
        for place in places.keys() - known:
            paused_until = standings.get(place, endpoints.Standing()).paused_until
            if paused_until is not None and paused_until > now - _LEFT_AFTER:
                continue
            since = now - _LEFT_AFTER
            await self._all_of(partial(redelivery.give_up, place=place, since=since))
        for controller in controllers:
            gone = partial(
                deliveries.expire,
                controller=controller,
                delivered=now - _KEEP_DELIVERED,
                others=now - _KEEP_OTHERS,
            )
            await self._all_of(gone)
        async with self._database.write() as db:
            await redelivery.forget_endpoints(db, known)

    async def _all_of(self, some: Callable[[Connection], Awaitable[int]]) -> None:
        """Does some in each transaction, until nothing is left."""
        done = 1
        while done:
            async with self._database.write() as db:
                done = await some(db)

    def _known(self) -> frozenset[Place]:
        """Whom the settings name."""
        outlets = self._database.outbox.outlets.items()
        return frozenset(
            (controller, described.name)
            for controller, own in outlets
            for outlet in own
            for described in outlet.described()
        )


def _said(one: Delivery, at: datetime, answered: Answered) -> Attempt:
    return Attempt(one.id, one.attempts, at, answered.status, answered.word, answered.milliseconds)
