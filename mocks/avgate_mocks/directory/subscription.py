"""Subscriptions to the states of orders, and the notifications (orderWebhook of the same vendor).

A notification is posted once, whatever the answer, and only to addresses on this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from avgate_mocks.directory import pages
from avgate_mocks.directory.markup import NotXmlError, document, parsed, text_of
from avgate_mocks.directory.order import Flaw, Order, OrderRefusedError, State
from avgate_mocks.kernel import Kernel
from avgate_mocks.people import salt_of, scramble
from avgate_mocks.posting import Postman

ORDER_TYPE = "dldas"
_TOLD = frozenset(State) - {State.CANCELLED}  # the states that the vendor lists


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener of one account, to all orders or to one."""

    id: str
    account: str
    order_id: str  # empty: all
    address: str
    expiry: str  # in seconds, as it was sent; nothing here runs out by it


class Subscriptions:
    """`next_due` says when an order takes its next step, `settle` lets those happen that are due."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        next_due: Callable[[], datetime | None],
        settle: Callable[[], datetime],
    ) -> None:
        self.held: dict[str, Subscription] = {}
        self._kernel = kernel
        self._next_due = next_due
        self._settle = settle
        self._made = 0
        self._postman = Postman()
        self._moved = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        kernel.clock.on_move(self._moved.set)

    def subscribe(self, account: str, body: bytes) -> Subscription:
        """Raises OrderRefusedError for a body that asks for nothing that there is here."""
        order_id, address, expiry = _wanted(body)
        self._made += 1
        bits = scramble(salt_of(self._kernel.world.seed, "subscriptions"), self._made)
        made = str(UUID(int=bits << 64 | bits, version=4))
        self.held[made] = Subscription(made, account, order_id, address, expiry)
        return self.held[made]

    def change(self, before: Subscription, body: bytes) -> Subscription:
        """Raises OrderRefusedError as `subscribe` does, and then nothing has changed."""
        order_id, address, expiry = _wanted(body)
        after = replace(before, order_id=order_id, address=address, expiry=expiry)
        self.held[before.id] = after
        return after

    def of_account(self, account: str) -> list[Subscription]:
        return [one for one in self.held.values() if one.account == account]

    def tell(self, order: Order) -> None:
        """That an order is in another state now; from here on its next steps are watched for."""
        wanted = [
            one
            for one in self.of_account(order.account)
            if one.order_id in ("", order.id) and order.state in _TOLD
        ]
        for one in wanted:
            page = document(pages.notification(one.id, ORDER_TYPE, order))
            self._postman.send(one.address, page, "application/xml; charset=utf-8")
        if wanted and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._watching())

    async def _watching(self) -> None:
        """Has steps happen in time while anybody listens, since nobody may look."""
        while self.held and (due := self._next_due()) is not None:
            self._moved.clear()
            left = (due - self._kernel.clock.now()).total_seconds()
            if left > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), left)
            self._settle()


def _wanted(body: bytes) -> tuple[str, str, str]:
    """The order (empty: all), the address and the expiry that a body names."""
    try:
        root = parsed(body)
    except NotXmlError:
        raise _refused("a body that is not XML") from None
    address = text_of(root, "CallbackSubscription/URL")
    if root.tag != "Subscription" or text_of(root, "OrderType") != ORDER_TYPE:
        raise _refused(f"a subscription to anything but {ORDER_TYPE}")
    if not address.startswith(("http://", "https://")):
        raise _refused("a callback that is no address")
    expiry = text_of(root, "CallbackSubscription/Expiry")
    return text_of(root, "OrderId"), address, expiry


def _refused(reason: str) -> OrderRefusedError:
    return OrderRefusedError(Flaw(16115, reason))
