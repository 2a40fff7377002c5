"""Everything that the gateway's description allows, and much that it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..flow.conftest import begun
from ..flow.harness import EVERYTHING, Mocks, Served, token
from ..flow.mistaken import mistakes
from ..flow.opendsr_sender import SETTINGS, vouched_for
from ..thorough import IS_THOROUGH
from .described import ALL, BY_CHANCE, tried

EXAMPLES = int(os.environ.get("AVGATE_EXAMPLES", "3"))  # CI tries twelve times as many
CASES, SEED = 50 * EXAMPLES, 1


@pytest.fixture(scope="module")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("attacked"), people=40)
    made.config.write_text(vouched_for(made.config.read_text()) + SETTINGS)
    yield made
    made.end()


@pytest.fixture(scope="module")
def attacked(mocks: Mocks) -> Iterator[Served]:
    made = Served(mocks.config.parent)
    made.start()
    yield made
    made.end()


def test_no_call_is_answered_otherwise_than_described(
    attacked: Served, mocks: Mocks, tmp_path: Path
) -> None:
    held = {name: mocks.holds(name) for name in mocks.addresses}
    anybody = token(attacked.folder / "avgate-token.jwk", "libervoice", "portal", EVERYTHING)
    phases = ALL if IS_THOROUGH else BY_CHANCE
    found = tried(attacked.base, anybody, EXAMPLES, SEED, tmp_path, phases)
    assert found.is_well, found.told
    assert found.cases >= CASES
    assert attacked.ready()
    assert mistakes(attacked.log()) == []
    # Nobody approved anything, so nothing was erased however the calls were put together.
    assert {name: mocks.holds(name) for name in mocks.addresses} == held
