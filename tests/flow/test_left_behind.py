"""Connections that were left to die in silence, as by a machine that is gone: one is waited for, and not for long."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from avgate_gateway.store import postgresql

from .cluster import SERVICE, as_account, shared
from .proxy import Proxy

_EACH = 3


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy(shared().port)
    yield made
    made.end()


async def test_of_what_does_not_answer_any_more_one_is_asked_and_all_are_opened_anew(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was asked, and waited for for twenty seconds: until the last was, calls stood still."""
    monkeypatch.setattr(postgresql, "_IDLE_SECONDS", -1.0)  # as after a pause
    url = as_account(SERVICE, shared().database()).replace(f":{shared().port}/", f":{proxy.port}/")
    engine = postgresql.writers(url)
    opened = [await engine.connect() for _ in range(_EACH)]
    for one in opened:
        await one.execute(sa.text("SELECT 1"))
        await one.close()
    proxy.leave_behind()
    began = time.monotonic()
    for _ in range(_EACH):
        async with engine.connect() as db:
            assert (await db.execute(sa.text("SELECT 1"))).scalar_one() == 1
    assert time.monotonic() - began < 15
    await postgresql.disposed(engine)
