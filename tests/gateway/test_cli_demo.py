"""`avgate demo`: it shows what it did, and says so if it did not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avgate_client.answers import Report, ReportLine
from avgate_contracts.vocabulary import Operation
from avgate_gateway.cli.demo.children import child
from avgate_gateway.cli.demo.play import Ended
from avgate_gateway.cli.demo.result import operation_json, shortcomings
from avgate_gateway.cli.exits import CommandError, Exit

from .invented_answers import (
    line,
    part,
    request,
)


def ended(operation: Operation, lines: list[ReportLine], **changes: object) -> Ended:
    report = Report(totals={}, items=tuple(lines))
    names = dict.fromkeys(each.connector for each in lines)
    parts = [part(connector=name) for name in names]
    return Ended(request(operation=operation.value, connectors=parts, **changes), report)


def test_the_result_counts_items_by_outcome_and_by_category() -> None:
    lines = [
        line("xelion", "erased", "contacts", 2),
        line("xelion", "retained", "communication_metadata", 3),
        line("xelion", "retained", "communication_metadata", 4),
    ]
    told = operation_json(ended(Operation.ERASE, lines))
    assert told == {
        "request_id": "r-1",
        "state": "closed",
        "waiting_for": None,
        "connectors": {
            "xelion": {
                "outcome": "completed",
                "items": {"erased": 2, "retained": 7},
                "kinds": {"contacts": {"erased": 2}, "communication_metadata": {"retained": 7}},
            }
        },
    }


def test_a_demo_that_did_not_end_as_it_should_says_how() -> None:
    names = ("operator", "xelion", "directory", "subprocessors")
    good = ended(Operation.ACCESS, [line(name, "provided") for name in names])
    bad = ended(Operation.EXPORT, [line("operator", "provided"), line("xelion", "failed")])
    told = list(shortcomings({"access": good, "export": bad}))
    assert not [each for each in told if each.startswith("access")]
    assert "rectify did not end" in told
    assert "export: 1 failed at xelion" in told
    assert "export: nothing is provided at xelion" in told


async def test_a_child_is_ended_when_the_block_is_left(tmp_path: Path) -> None:
    code = "import os, time; print(f'ready {os.getpid()}', flush=True); time.sleep(600)"
    async with child("sleeper", ("-c", code), tmp_path) as said:
        number = int(said[-1].split()[1])
        os.kill(number, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


async def test_a_child_that_cannot_start_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="broken did not start"):
        async with child("broken", ("-c", "raise SystemExit('why')"), tmp_path):
            raise AssertionError("it never got ready")
    assert (tmp_path / "broken.log").read_text() == "why\n"


def test_the_demo_ends_as_it_should() -> None:
    command = [sys.executable, "-m", "avgate_gateway.cli", "demo", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)  # noqa: S603, PLW1510 -- our own interpreter; the code is looked at below
    assert done.returncode == Exit.DONE, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"operations", "ledgers"}
    assert {each["state"] for each in told["operations"].values()} == {"closed"}
    assert all(count > 0 for count in told["ledgers"].values())
    assert all(
        set(each["connectors"]) == {"operator", "xelion", "directory", "subprocessors"}
        for each in told["operations"].values()
    )
