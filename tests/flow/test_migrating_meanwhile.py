"""A migration on a PostgreSQL that others use: it waits for them, and they never for what it waits for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import psycopg

from avgate_gateway.store.migrations import HEAD, brought_up, migrate
from avgate_gateway.store.migrations.upgrading import upgrade
from avgate_gateway.store.synchronous import engine_of

from .cluster import shared
from .harness import until

TURN = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'handover'::regclass"


def test_whoever_comes_after_a_migration_that_has_to_wait_does_not_wait_behind_it() -> None:
    """A backup, or a package that is fetched slowly, kept it waiting; and so nobody got anything meanwhile."""
    url = shared().empty()
    engine = engine_of(url, None)
    with engine.begin() as connection:
        upgrade(connection, "0015")
    engine.dispose()
    migrating = Thread(target=migrate, args=(url,))
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as other:
        reader.execute("SELECT FROM handover")
        migrating.start()
        until(lambda: bool(shared().ask(WAITS, url=url)), every=0.02)
        other.execute("SET statement_timeout = '15s'")
        other.execute("SELECT FROM handover")
        assert shared().ask("SELECT version_num FROM alembic_version", url=url) == [("0015",)]
    migrating.join(60)
    assert shared().ask("SELECT version_num FROM alembic_version", url=url) == [(HEAD,)]


def test_of_two_that_begin_at_once_the_second_sees_what_the_first_did() -> None:
    """Where transactions see one moment unless they say otherwise, it made the tables that were there by then."""
    url = shared().empty()
    name = url.rsplit("/", 1)[1]
    shared().ask(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    with ThreadPoolExecutor(1) as pool:
        with brought_up(url):
            second = pool.submit(migrate, url)
            until(lambda: bool(shared().ask(TURN, url=url)), every=0.02)
        second.result(60)
    assert shared().ask("SELECT version_num FROM alembic_version", url=url) == [(HEAD,)]
