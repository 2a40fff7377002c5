"""Takes orders, carries them out when their time comes, and lets the operators' feed come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import partial
from uuid import UUID

from avgate_mocks.directory.agenda import Agenda
from avgate_mocks.directory.content import Content, ListingType
from avgate_mocks.directory.edition import Editions, Pace
from avgate_mocks.directory.entry import Entry, Shelf
from avgate_mocks.directory.order import (
    OPEN,
    Draft,
    Flaw,
    Order,
    OrderRefusedError,
    State,
    ended_as,
)
from avgate_mocks.directory.register import Register
from avgate_mocks.kernel import Kernel
from avgate_mocks.ledger import Effect
from avgate_mocks.people import salt_of, scramble

CLEAN_UP = 16107


class Fate(StrEnum):
    """How the next order for a number is to go wrong."""

    FAIL = "fail"  # accepted, and this number ends with an error
    CANCEL = "cancel"  # accepted, and cancelled before it is processed
    CLEAN_UP = "clean_up"  # refused with 16107 until the clean-up is over


class Desk:
    def __init__(self, kernel: Kernel, pace: Pace) -> None:
        self.register = Register(kernel.world)
        self.shelf = Shelf(Editions(kernel.world.as_of, pace))
        self.orders: dict[str, Order] = {}
        self._kernel = kernel
        self._pace = pace
        self._agenda = Agenda()
        self._fates: dict[str, tuple[Fate, int]] = {}
        self._listeners: list[Callable[[Order], None]] = []
        self._agenda.add(kernel.clock.now() + pace.feed_every, self._feed)

    def on_step(self, listener: Callable[[Order], None]) -> None:
        """Call `listener` whenever an order is in another state."""
        self._listeners.append(listener)

    def next_step(self) -> datetime | None:
        """When an open order takes its next step at the latest; None where none is open."""
        is_open_still = any(order.state in OPEN for order in self.orders.values())
        return self._agenda.next_due() if is_open_still else None

    def _step(self, order: Order, at: datetime, state: State, note: str) -> None:
        order.go(at, state, note)
        for listener in self._listeners:
            listener(order)

    def settle(self) -> datetime:
        """Let everything happen that is due by now, and say when now is."""
        now = self._kernel.clock.now()
        self._agenda.run_until(now)
        return now

    def destine(self, number: str, fate: Fate, code: int) -> None:
        """Decide how the next order for a number goes wrong; a clean-up ends by itself."""
        self._fates[number] = (fate, code)
        if fate is Fate.CLEAN_UP:
            over = self.settle() + self._pace.clean_up
            self._agenda.add(over, lambda _: self._clear(number))

    def _clear(self, number: str) -> None:
        self._fates.pop(number, None)

    def place(self, draft: Draft, account: str, user: str, key: str | None) -> Order:
        """A new order for those of its numbers that nothing is known against.

        Raises OrderRefusedError if there are none.
        """
        now = self.settle()
        flaws = list(self._flaws(draft, account, own=None))
        if len(flaws) == len(list(draft.numbers)):
            raise OrderRefusedError(*flaws)
        order = Order(self._new_id(), account, user, draft, key, flaws)
        self._step(order, now, State.RECEIVED, "The order was received.")
        self.orders[order.id] = order
        self._hold(order)
        self._agenda.add(now + self._pace.to_processing, partial(self._process, order))
        return order

    def change(self, order: Order, draft: Draft) -> None:
        """Put another draft in the place of an order's own; raises OrderRefusedError."""
        if order.state in (State.FAILED, State.CANCELLED):
            raise OrderRefusedError(Flaw(16106))
        if order.state is not State.RECEIVED:
            raise OrderRefusedError(Flaw(16105))
        flaws = list(self._flaws(draft, order.account, own=order.id))
        if len(flaws) == len(list(draft.numbers)):
            raise OrderRefusedError(*flaws)
        self._let_go(order)
        order.draft, order.flaws = draft, flaws
        self._step(order, self._kernel.clock.now(), State.RECEIVED, "The order was changed.")
        self._hold(order)

    def relist(self, entry: Entry, at: datetime) -> bool:
        """Put back what stood there before the delisting, as a feed does that knows no better."""
        content, before = entry.registered, entry.before_delisting
        if content is None or before is None or content.listing is not ListingType.NON_PUBLISHED:
            return False
        entry.register(before, at)
        self._note("relist", entry, at)
        return True

    def _new_id(self) -> str:
        salt = salt_of(self._kernel.world.seed, "dldas")
        high, low = (scramble(salt, 2 * len(self.orders) + i) for i in (0, 1))
        return str(UUID(int=high << 64 | low, version=4))

    def _flaws(self, draft: Draft, account: str, own: str | None) -> Iterator[Flaw]:
        for number in draft.numbers:
            flaw = self._flaw(number, account, own)
            if flaw is not None:
                yield flaw

    def _flaw(self, number: str, account: str, own: str | None) -> Flaw | None:
        entry = self.register.by_number.get(number)
        if number.startswith(("+31800", "+31900")):
            return Flaw(16100, number=number)
        if entry is None:
            return Flaw(16111, number=number)
        if entry.account != account:
            return Flaw(16101, number=number)
        if entry.open_order not in (None, own):
            return Flaw(16103, str(entry.open_order), number)
        fate, code = self._fates.get(number, (None, 0))
        return Flaw(code, number=number) if fate is Fate.CLEAN_UP else None

    def _hold(self, order: Order) -> None:
        for number, _ in order.accepted():
            self.register.by_number[number].open_order = order.id

    def _let_go(self, order: Order) -> None:
        for number in order.draft.numbers:
            entry = self.register.by_number.get(number)
            if entry is not None and entry.open_order == order.id:
                entry.open_order = None

    def _process(self, order: Order, at: datetime) -> None:
        fates = {self._fates.get(number, (None, 0))[0] for number, _ in order.accepted()}
        if Fate.CANCEL in fates:
            self._fates = {n: f for n, f in self._fates.items() if n not in order.draft.numbers}
            self._let_go(order)
            self._step(order, at, State.CANCELLED, "The order was cancelled.")
            return
        self._step(order, at, State.PROCESSING, "The order is being processed by our supplier.")
        left = self._pace.to_end - self._pace.to_processing
        self._agenda.add(at + left, partial(self._end, order))

    def _end(self, order: Order, at: datetime) -> None:
        succeeded = 0
        for number, content in list(order.accepted()):
            fate, code = self._fates.pop(number, (None, 0))
            if fate is Fate.FAIL:
                order.flaws.append(Flaw(code, "the supplier's refusal", number))
                self.register.by_number[number].only_attempt_failed = True
            else:
                self._register(order, number, content, at)
                succeeded += 1
        self._let_go(order)
        self._step(order, at, ended_as(succeeded, order.flaws), "The supplier has answered.")

    def _register(self, order: Order, number: str, content: Content, at: datetime) -> None:
        entry = self.register.by_number[number]
        before = entry.registered
        if before == content:
            return
        entry.register(content, at)
        if content.listing is ListingType.NON_PUBLISHED:
            gone = at + self._pace.to_online
            self._agenda.add(gone, lambda then: self._note("delist", entry, then, order))
        else:
            self._note("change", entry, at, order)

    def _feed(self, at: datetime) -> None:
        for entry in self.register.by_number.values():
            if entry.fed:
                self.relist(entry, at)
        self._agenda.add(at + self._pace.feed_every, self._feed)

    def _note(self, kind: str, entry: Entry, at: datetime, order: Order | None = None) -> None:
        """Into the ledger at the moment it was due, whenever that is noticed."""
        path, key = (order.path, order.idempotency_key) if order else ("", None)
        self._kernel.ledger.effects.append(Effect(at, "", path, key, 0, entry.person, kind))


def is_open(order: Order) -> bool:
    return order.state in OPEN
