"""Our own connectors ship what their tests proved; it is renewed with `make evidence`."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from avgate_contracts import PROTOCOL, conformance
from avgate_contracts.kit.evidence import SUITE
from avgate_gateway.registry.claimed import claim

CONNECTORS = Path(__file__).parents[2] / "connectors"
OURS = sorted(each.name for each in CONNECTORS.iterdir() if (each / "README.md").exists())
STALE = "run: make evidence"


def shipped(name: str) -> dict[str, object]:
    file = CONNECTORS / name / f"avgate_{name}" / conformance.FILE_NAME
    assert file.exists(), STALE
    found: dict[str, object] = json.loads(file.read_text("utf-8"))
    return found


def test_each_of_our_connectors_is_among_them() -> None:
    points = metadata.entry_points(group="avgate.connectors.v1")
    ours = [each.name for each in points if each.dist is not None and each.dist.name == "avgate"]
    assert sorted(ours) == OURS


@pytest.mark.parametrize("name", OURS)
def test_a_gateway_that_asks_for_level_four_takes_our_connectors(name: str) -> None:
    found = claim(f"avgate_{name}", name, datetime.now(UTC))
    assert found.refusal(4) is None, STALE
    assert found.under(PROTOCOL) == found, STALE


@pytest.mark.parametrize("name", OURS)
def test_the_evidence_is_of_this_suite_and_of_these_recordings(name: str) -> None:
    told = shipped(name)
    assert (told["suite"], told["protocol"]) == (SUITE, PROTOCOL), STALE
    assert told["exempt"] == {}
    tapes = (CONNECTORS / name / "cassettes/contract").glob("*.yaml")
    now = {tape.stem: hashlib.sha256(tape.read_bytes()).hexdigest() for tape in tapes}
    cassettes = told["cassettes"]
    assert isinstance(cassettes, list)
    assert {each["story"]: each["sha256"] for each in cassettes} == now, STALE
