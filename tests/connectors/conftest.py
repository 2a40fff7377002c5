"""What the operator connector's tests over sockets begin with."""

from collections.abc import AsyncIterator

import pytest

from .operator_bench import Bench, benched


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with benched() as made:
        yield made
