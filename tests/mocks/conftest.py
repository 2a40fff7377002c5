"""What tests of the mocks are given."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from avgate_mocks import operator
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import world

from .operator_bench import (
    NOW,
    Bench,
    client,
    token_of,
)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    shared = world(seed=7, count=30, now=lambda: NOW)
    sock = bound(0)
    base = f"http://127.0.0.1:{port_of(sock)}/tmf-api"
    app = operator.build(shared, port_of(sock))
    async with served({sock: app}), client(base) as anyone:
        tokens = [await token_of(anyone, shared, name) for name in (LIBERVOICE, MISTER_VOIP)]
        async with client(base, tokens[0]) as first, client(base, tokens[1]) as second:
            yield Bench(shared, {LIBERVOICE: first, MISTER_VOIP: second}, anyone)
