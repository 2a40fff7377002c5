"""A PostgreSQL whose synchronous standby is away: it commits nothing that it was told to keep in two places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from avgate_gateway.store import postgresql
from avgate_mocks.people import Role

from .cluster import Cluster
from .harness import a_request, until
from .indoors import Indoors, indoors


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.start()
    yield made
    made.end()


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """Meanwhile a standby that is not there has to have what is committed."""
    _follow(cluster, "gone")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    over = Event()
    commits = Thread(target=_commit_until, args=(over, cluster))
    commits.start()
    try:
        until(lambda: cluster.ask(waits) != [(0,)], every=0.02)  # it takes it up by and by
        yield
    finally:
        over.set()
        _follow(cluster, "")
        commits.join(30)


def _follow(cluster: Cluster, name: str) -> None:
    cluster.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    cluster.ask("SELECT pg_reload_conf()")


def _commit_until(over: Event, cluster: Cluster) -> None:
    while not over.is_set():
        cluster.ask("SELECT pg_logical_emit_message(true, 'avgate', '')")


async def test_every_call_is_answered_meanwhile_and_promises_nothing(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls waited for their count, again and again, for as long as the standby was away."""
    monkeypatch.setattr(postgresql, "_ANSWERS_WITHIN", 2.5)  # more than readiness waits
    url = cluster.database()

    def on_it(config: str) -> str:
        return re.sub(r'(?m)^database = ".*"$', f'database = "{url}"', config)

    async with indoors(tmp_path, ("directory",), edited=on_it) as here:
        assert await posted(here) == 202
        with away(cluster):
            assert await posted(here, "again") == 503
            assert (await here.caller().get("/v1/requests")).status_code == 200, (
                "reading is no promise"
            )
            found = cluster.ask("SELECT count(*) FROM request", url=url)
            assert found == [(2,)], "PostgreSQL shows what was given up while it waited"
            assert await posted(here, "again") == 503, "so the same key is promised nothing either"
            ready = await here.caller().get("/health/ready")
            assert "SyncRep" in ready.json()["reason"]
        assert await posted(here, "again") == 202
        assert cluster.ask("SELECT count(*) FROM request", url=url) == [(2,)]


async def posted(here: Indoors, key: str = "first") -> int:
    body = a_request("access", here.person(Role.RUNNING), "directory")
    answer = await here.caller().post("/v1/requests", json=body, headers={"idempotency-key": key})
    assert answer.status_code != 503 or int(answer.headers["retry-after"]) > 0
    return answer.status_code
