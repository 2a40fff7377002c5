"""A gateway that takes requests by OpenDSR, and a sender that it vouches for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.flow.indoors import Indoors, indoors
from tests.flow.opendsr_sender import SETTINGS, Sender, vouched_for

NAMES = ("directory", "subprocessors")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    folder = tmp_path_factory.mktemp("opendsr")
    async with indoors(folder, NAMES, more=SETTINGS, edited=vouched_for) as made:
        yield made


@pytest.fixture
def sender(here: Indoors) -> Sender:
    return Sender(here)
