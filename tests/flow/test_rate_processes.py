"""Two processes of one database count the calls of a client together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from avgate_gateway.api.application import application
from avgate_gateway.assembly import Assembled, assemble
from avgate_gateway.guard.rate import Policy, Rate, Taken
from avgate_gateway.settings import load
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.rates import SharedLedger, expire, take

from .cluster import shared
from .harness import EVERYTHING, bearer, token

QUOTA = 100
CONFIG = f"""
database = "{{url}}"
limits.calls_per_client = {QUOTA}
controllers.libervoice = {{{{ title = "Libervoice B.V.", retention = "libervoice-2019" }}}}
"""
LATE = datetime(9999, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
async def databases(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Database, Database]]:
    """What two processes have open of one database."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'a.db'}" if is_sqlite else shared().database()
    migrate(url)
    made = Database(url), Database(url)
    yield made
    for one in made:
        await one.close()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("quota", [1, 30, 1_000])
async def test_calls_of_a_moment_are_counted_exactly(
    databases: tuple[Database, Database], quota: int
) -> None:
    policy = Policy("client", quota, 60)
    loop = asyncio.get_running_loop()
    rates = [Rate(policy, SharedLedger(one, now), loop.time) for one in databases]
    calls = [rates[n % 2].together("libervoice", "portal") for n in range(2 * quota + 10)]
    standings = await asyncio.gather(*calls)
    assert sum(standing.is_within for standing in standings) == quota


async def test_a_window_ends_by_itself_and_goes_when_it_is_old(
    databases: tuple[Database, Database],
) -> None:
    database, _ = databases
    momentary, key = Policy("client", 5, 0), ("libervoice", "portal")
    for _ in range(3):  # a window of no time is always over
        async with database.write() as db:
            assert (await take(db, momentary, key, 4, now())).granted == 4
    lasting, before = Policy("client", 5, 60), 60.0
    for expected in (Taken(4, 1, 60), Taken(1, 0, 60), Taken(0, 0, 60)):
        async with database.write() as db:
            taken = await take(db, lasting, key, 4, now())
        assert (taken.granted, taken.left) == (expected.granted, expected.left)
        assert 50 < taken.seconds <= before
        before = taken.seconds - 1e-6  # its end stays where it was
    lowered = Policy("client", 3, 60)
    async with database.write() as db:
        assert (await take(db, lowered, key, 4, now())).granted == 0
        await expire(db, LATE)
        assert (await take(db, lasting, key, 4, now())).granted == 4


async def test_q01_two_gateways_let_in_as_many_as_one(tmp_path: Path) -> None:
    config = CONFIG.format(url=shared().database())
    (tmp_path / "avgate.toml").write_text(config)
    pair = [assemble(load(tmp_path / "avgate.toml", {})) for _ in range(2)]
    key = tmp_path / "avgate-token.jwk"
    try:
        mine = [calling(one, token(key, "libervoice", "portal", EVERYTHING)) for one in pair]
        told = Counter(
            [(await mine[n % 2].get("/v1/requests")).status_code for n in range(3 * QUOTA)]
        )
        assert told == {200: QUOTA, 429: 2 * QUOTA}
        other = calling(pair[0], token(key, "libervoice", "colleague", EVERYTHING))
        assert (await other.get("/v1/requests")).status_code == 200
    finally:
        for one in pair:
            await one.context.database.close()


def calling(assembled: Assembled, made: str) -> httpx.AsyncClient:
    app = application(assembled.gateway, assembled.verifier, assembled.limits)
    return httpx.AsyncClient(
        base_url="http://gateway.test", headers=bearer(made), transport=httpx.ASGITransport(app)
    )
