"""How often somebody may call: so many times within a window, which begins with the first call.

What several processes count together is taken from a ledger in shares, so that most calls are paid
out of what the process has in hand. No process spends what it was not given, so no window ever has
more calls than its quota; what a process has in hand when others run out is lost to them: at most a
64th of what was left when it took it, and nothing while less than 128 are left.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from starlette.types import Scope

STANDING = "avgate.standing"  # where in a scope the guard finds what its answer tells of limits
_SHARE = 64
_MOST_KNOWN = 4_096  # callers that one process counts at a time


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` calls within `seconds`; the name is what callers are told."""

    name: str
    quota: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left to a caller, and for how many seconds there is no more than that."""

    policy: Policy
    is_within: bool
    left: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a ledger gave, what it has left, and in how many seconds all of that ends."""

    granted: int
    left: int
    seconds: float


class Ledger(Protocol):
    """Counts for everybody who shares it."""

    async def take(self, policy: Policy, key: tuple[str, ...], wanted: int) -> Taken | None:
        """Gives `wanted` calls, or those that are left; None while it cannot be asked."""
        ...


@dataclass(slots=True)
class _Share:
    """What one process has of one caller's window."""

    ends: float = 0.0
    in_hand: int = 0
    spent: int = 0
    left: int = 0  # to everybody, as the ledger said last
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def pay(self, now: float) -> bool:
        if now >= self.ends or not self.in_hand:
            return False
        self.in_hand -= 1
        self.spent += 1
        return True

    def receive(self, taken: Taken, now: float) -> None:
        if now >= self.ends:
            self.in_hand = self.spent = 0
        self.ends = now + taken.seconds
        self.in_hand += taken.granted
        self.left = taken.left

    def standing(self, policy: Policy, now: float, *, is_within: bool) -> Standing:
        left = self.in_hand + self.left if is_within else 0
        return Standing(policy, is_within, left, max(1, ceil(self.ends - now)))


class Rate:
    """One policy for many callers, each named by a key; `clock` gives seconds and never goes back.

    Without a ledger this process counts alone.
    """

    def __init__(self, policy: Policy, ledger: Ledger | None, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._ledger = ledger
        self._clock = clock
        self._shares: OrderedDict[tuple[str, ...], _Share] = OrderedDict()

    def alone(self, *key: str) -> Standing:
        """Counts a call, in this process only."""
        share, now = self._share(key), self._clock()
        if now >= share.ends:
            share.receive(Taken(self._policy.quota, 0, self._policy.seconds), now)
        return share.standing(self._policy, now, is_within=share.pay(now))

    async def together(self, *key: str) -> Standing:
        """Counts a call for all who share the ledger."""
        if self._ledger is None:
            return self.alone(*key)
        share = self._share(key)
        is_within = share.pay(self._clock()) or await self._paid_from(self._ledger, key, share)
        return share.standing(self._policy, self._clock(), is_within=is_within)

    async def _paid_from(self, ledger: Ledger, key: tuple[str, ...], share: _Share) -> bool:
        """Takes another share, for all who wait for it meanwhile."""
        share.waiting += 1
        try:
            async with share.turn:
                while not share.pay(now := self._clock()):
                    if now < share.ends and not share.left:
                        return False
                    taken = await ledger.take(self._policy, key, self._wanted(share, now))
                    if taken is None:  # which may have taken it longer than what that gives lasts
                        share.receive(self._unasked(), self._clock())
                    else:
                        share.receive(taken, now)
                return True
        finally:
            share.waiting -= 1

    def _wanted(self, share: _Share, now: float) -> int:
        """As many as wait or were spent already: who calls once does not keep many from others."""
        is_new = now >= share.ends
        left = self._policy.quota if is_new else share.left
        spent = 0 if is_new else share.spent
        return min(max(share.waiting, min(spent, left // _SHARE)), left)

    def _unasked(self) -> Taken:
        """A second's worth: who is not counted is not refused for that, nor let in without end."""
        return Taken(ceil(self._policy.quota / self._policy.seconds), 0, 1.0)

    def _share(self, key: tuple[str, ...]) -> _Share:
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share()
            if len(self._shares) > _MOST_KNOWN:
                self._shares.popitem(last=False)
        return share


def fields(scope: Scope) -> list[tuple[bytes, bytes]]:
    """RateLimit-Policy and RateLimit of an answer (draft-ietf-httpapi-ratelimit-headers-11)."""
    told: Iterable[Standing] = scope[STANDING]
    if not told:
        return []
    policies = (f'"{s.policy.name}";q={s.policy.quota};w={s.policy.seconds}' for s in told)
    left = (f'"{s.policy.name}";r={s.left};t={s.seconds}' for s in told)
    return [
        (b"ratelimit-policy", ", ".join(policies).encode()),
        (b"ratelimit", ", ".join(left).encode()),
    ]
