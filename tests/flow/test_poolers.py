"""A pooler between the gateway and PostgreSQL: one that pools by session will do, and no other is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from avgate_gateway.cli.exits import Exit
from avgate_gateway.store import postgresql

from .cluster import SERVICE, as_account, shared
from .harness import Served, command
from .pooler import Pooler

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'
Poolers = Callable[..., str]


@pytest.fixture
def through() -> Iterator[Poolers]:
    """The address of a new database, through a pooler."""
    made: list[Pooler] = []

    def started(*, by_transaction: bool = False) -> str:
        made.append(Pooler(shared().port, by_transaction))
        url = as_account(SERVICE, shared().database())
        return url.replace(f":{shared().port}/", f":{made[-1].port}/")

    yield started
    for one in made:
        one.end()


async def test_every_session_has_its_limits_through_a_pooler_too(through: Poolers) -> None:
    url = through()
    names = ("lock_timeout", "statement_timeout", "synchronous_commit")
    shown = sa.select(*(sa.func.current_setting(name) for name in names))
    limits = []
    for engine in (postgresql.writers(url), postgresql.claiming(url), postgresql.readers(url)[1]):
        async with engine.connect() as db:
            limits.append(tuple((await db.execute(shown)).one()))
        await postgresql.disposed(engine)
    assert limits == [("10s", "20s", "on"), ("10s", "20s", "off"), ("10s", "20s", "on")]


def test_one_that_pools_by_session_needs_to_let_nothing_special_through(
    through: Poolers, tmp_path: Path
) -> None:
    (tmp_path / "avgate.toml").write_text(f'database = "{through()}"\n{CONTROLLER}')
    served = Served(tmp_path)
    served.start()
    served.end()


@pytest.mark.parametrize("words", [("work",), ("serve", "--port", "0")])
def test_a_start_refuses_one_that_pools_by_transaction_and_says_what_to_do(
    through: Poolers, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "avgate.toml").write_text(
        f'database = "{through(by_transaction=True)}"\n{CONTROLLER}'
    )
    code, told = command(tmp_path, *words)
    assert code == Exit.USAGE
    assert "avgate: a pooler gives one session of the database to several" in told
    assert "have it pool by session" in told
