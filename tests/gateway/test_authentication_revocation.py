"""Who is refused stays out, however long the token would last."""

from __future__ import annotations

import asyncio

import pytest

from avgate_gateway.authentication import FixedKeys, Revocation, Verifier
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.revocation import FRESH_SECONDS, Revoked
from avgate_gateway.problem import ProblemError

from .tokens import OURS, POLICY, Clock, token


class Rows:
    """The list as it lies in the database, which may be away."""

    def __init__(self) -> None:
        self.told: Revoked | None = Revoked()
        self.reads = 0

    async def __call__(self) -> Revoked | None:
        self.reads += 1
        await asyncio.sleep(0)
        return self.told


def house() -> tuple[Rows, Clock, Verifier]:
    rows, clock = Rows(), Clock()
    revocation = Revocation(rows, clock)
    keys = FixedKeys([OURS.public()])
    return rows, clock, Verifier(POLICY, keys, clock, revocation=revocation)


@pytest.mark.parametrize(
    "refused", [Revoked(clients=frozenset({"crm"})), Revoked(tokens=frozenset({"1"}))]
)
async def test_a_live_token_is_refused_within_seconds_and_may_be_believed_again(
    refused: Revoked,
) -> None:
    rows, clock, verifier = house()
    await verifier.caller(token())
    rows.told = refused
    clock.now += FRESH_SECONDS
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            await verifier.caller(token())
    other = token({"client_id": "other", "jti": "2"})
    await verifier.caller(other)
    rows.told = Revoked()
    clock.now += FRESH_SECONDS
    await verifier.caller(token())


async def test_the_rows_are_read_once_for_everybody_and_not_more_than_every_few_seconds() -> None:
    rows, clock, verifier = house()
    await asyncio.gather(*(verifier.caller(token({"jti": str(n)})) for n in range(50)))
    assert rows.reads == 1
    clock.now += FRESH_SECONDS - 1
    await verifier.caller(token())
    assert rows.reads == 1
    assert FRESH_SECONDS <= 30


async def test_while_the_rows_are_away_the_last_list_counts_and_none_opens_nothing() -> None:
    rows, clock, verifier = house()
    rows.told = None
    with pytest.raises(ProblemError):
        await verifier.caller(token())
    rows.told = Revoked(clients=frozenset({"crm"}))
    clock.now += FRESH_SECONDS
    with pytest.raises(InvalidTokenError):
        await verifier.caller(token())
    rows.told = None
    clock.now += FRESH_SECONDS
    with pytest.raises(InvalidTokenError):
        await verifier.caller(token())
    await verifier.caller(token({"client_id": "other", "jti": "2"}))
