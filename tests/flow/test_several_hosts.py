"""An address of PostgreSQL with several hosts: the one that can be written to is worked on, whichever answers first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from avgate_gateway.hosts import one_by_one, writable
from avgate_gateway.store import postgresql

from .cluster import OWNER, SERVICE, Cluster, as_account, shared
from .harness import Served, command
from .proxy import Proxy

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'


@pytest.fixture(scope="module")
def other() -> Iterator[Cluster]:
    made = Cluster()
    made.start()
    yield made
    made.end()


@pytest.fixture
def url() -> str:
    return as_account(SERVICE, shared().database())


def before(url: str, port: int) -> str:
    """The address with a host before the one that it names."""
    return url.replace("@127.0.0.1:", f"@127.0.0.1:{port},127.0.0.1:")


def config(tmp_path: Path, url: str) -> None:
    (tmp_path / "avgate.toml").write_text(f'database = "{url}"\n{CONTROLLER}')


def test_a_gateway_starts_on_the_one_that_can_be_written_to(
    other: Cluster, url: str, tmp_path: Path
) -> None:
    name = url.rsplit("/", 1)[1]
    other.ask(f"CREATE DATABASE {name} OWNER {OWNER}")
    other.ask(f"ALTER DATABASE {name} SET default_transaction_read_only = on")  # as a standby is
    config(tmp_path, before(url, other.port))
    served = Served(tmp_path)
    served.start()
    served.end()
    code, told = command(tmp_path, "audit", "verify")
    assert code == 0, told


async def test_one_that_is_silent_does_not_take_the_time_of_the_next(url: str) -> None:
    proxy = Proxy(shared().port)
    proxy.go_dead()
    try:
        engine = postgresql.writers(before(url, proxy.port))
        async with engine.connect() as db:
            assert (await db.execute(sa.text("SELECT 1"))).scalar_one() == 1
        await postgresql.disposed(engine)
    finally:
        proxy.end()


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("postgresql://u:p@one/db", "postgresql://u:p@one/db"),
        ("postgresql://u@a:1,b:2/db", "postgresql://u@a:1,b:2/db?target_session_attrs=read-write"),
        ("postgresql://a,b/db?sslmode=require", "postgresql://a,b/db?sslmode=require&target_session_attrs=read-write"),
        ("postgresql://a,b/db?target_session_attrs=any", "postgresql://a,b/db?target_session_attrs=any"),
    ],
)  # fmt: skip
def test_of_several_the_one_is_meant_that_can_be_written_to(address: str, made: str) -> None:
    assert writable(address) == made


def test_each_of_several_is_an_address() -> None:
    assert one_by_one("postgresql://u:p@a:1,b/db?x=y") == [
        "postgresql://u:p@a:1/db?x=y",
        "postgresql://u:p@b/db?x=y",
    ]
