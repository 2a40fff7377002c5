"""A gateway with endpoints, and the server that they lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.flow.indoors import BY_HAND, Indoors, indoors
from tests.gateway.receiver import FORMER, PAIR, Receiver, receiving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crm() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory, crm: Receiver) -> AsyncIterator[Indoors]:
    host = crm.address.removeprefix("http://")
    config = (
        BY_HAND
        + crm.endpoint(former_secrets=f'["{FORMER}", "{PAIR}"]')
        + crm.endpoint("closings", events='["request.closed"]')
    )
    names = ("directory", "subprocessors")
    rules = f'callback_hosts = ["{host}"]\ncallback_secret = "{FORMER}"\n'
    async with indoors(tmp_path_factory.mktemp("here"), names, more=config, rules=rules) as made:
        yield made


@pytest.fixture(autouse=True)
def forget(crm: Receiver) -> None:
    crm.came.clear()
    crm.answers.clear()
