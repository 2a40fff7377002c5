"""A token that was verified is remembered, and not for long."""

from __future__ import annotations

from typing import Any

import pytest

from avgate_gateway.authentication import (
    FixedKeys,
    Verifier,
)
from avgate_gateway.authentication.claim import InvalidTokenError

from .tokens import (
    NOW,
    OURS,
    POLICY,
    Clock,
    token,
    verifier,
)


class Counted(FixedKeys):
    """Keys that count how often they are asked."""

    asked = 0

    async def find(self, kid: str) -> Any:
        self.asked += 1
        return await super().find(kid)


async def test_a_verified_token_is_remembered_for_a_minute_and_no_longer() -> None:
    keys, clock, good = Counted([OURS.public()]), Clock(), token()
    remembering = Verifier(POLICY, keys, clock)
    for _ in range(3):
        await remembering.caller(good)
    clock.now += 59.9
    await remembering.caller(good)
    assert keys.asked == 1
    clock.now += 0.1
    await remembering.caller(good)
    assert keys.asked == 2


async def test_a_clock_that_was_set_back_is_not_trusted_to_remember() -> None:
    keys, clock, good = Counted([OURS.public()]), Clock(), token()
    remembering = Verifier(POLICY, keys, clock)
    for moved in (0, 10, -10.1):
        clock.now += moved
        await remembering.caller(good)
    assert keys.asked == 2


async def test_a_remembered_token_still_expires() -> None:
    clock, good = Clock(), token({"exp": NOW + 10})
    remembering = verifier(clock)
    await remembering.caller(good)
    clock.now += 71
    with pytest.raises(InvalidTokenError):
        await remembering.caller(good)


async def test_a_token_of_which_one_bit_differs_is_not_remembered() -> None:
    remembering, good = verifier(), token()
    await remembering.caller(good)
    with pytest.raises(InvalidTokenError):
        await remembering.caller(good[:-3] + ("A" if good[-3] != "A" else "B") + good[-2:])


async def test_forgets_the_oldest_token_when_it_remembers_enough() -> None:
    keys = Counted([OURS.public()])
    remembering = Verifier(POLICY, keys, Clock(), most_remembered=2)
    first, second, third = (token({"jti": str(number)}) for number in range(3))
    for good in (first, second, third, third, second):
        await remembering.caller(good)
    assert keys.asked == 3
    await remembering.caller(first)
    assert keys.asked == 4
