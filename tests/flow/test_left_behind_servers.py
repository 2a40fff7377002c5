"""Two servers that both take what is written: one took over, and nobody stopped the other. Nothing is written there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from avgate_gateway.leased import Leased
from avgate_gateway.store import postgresql
from avgate_gateway.store.cut_short import AwayError

from .cluster import Cluster
from .standby import Standby, address, followed

_PORT = sa.select(sa.func.inet_server_port())


@pytest.fixture
def pair() -> Iterator[tuple[Cluster, Standby]]:
    with followed() as made:
        yield made


def writable(*servers: Cluster) -> str:
    return f"{address(*servers)}?target_session_attrs=read-write"


async def reached(engine: AsyncEngine) -> int:
    async with engine.connect() as db:
        return int((await db.execute(_PORT)).scalar_one())


async def test_whoever_met_the_later_server_leaves_the_earlier_one_alone(
    pair: tuple[Cluster, Standby],
) -> None:
    """A process wrote to both at once: to either, as its pools happened to have connected."""
    first, second = pair
    engine = postgresql.writers(writable(first, second))
    assert await reached(engine) == first.port
    second.promote()
    before = await reached(engine)  # it has not met the later one
    other = postgresql.claiming(writable(second))
    met = await reached(other)
    after = await reached(engine), await reached(engine)
    await postgresql.disposed(engine, other)
    assert (before, met, after) == (first.port, second.port, (second.port, second.port))


async def test_where_only_the_earlier_one_is_to_be_had_it_is_said_why_nothing_is_done(
    pair: tuple[Cluster, Standby],
) -> None:
    first, second = pair
    second.promote()
    engine = postgresql.claiming(writable(second))
    await reached(engine)
    await postgresql.disposed(engine)
    worker = Leased(writable(first), "1", lambda: datetime.now(UTC))
    with pytest.raises(AwayError, match="another server took over from this one"):
        await worker.start()
