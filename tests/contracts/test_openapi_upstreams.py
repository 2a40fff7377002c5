"""Every recorded call fits the description of its upstream, and nothing else is described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from .described import Exchange, Operation, exchanges, operations

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "contracts" / "openapi"
DESCRIBED = {
    "operator": [OPENAPI / "operator.yaml", *sorted((OPENAPI / "tmforum").glob("*.swagger.json"))],
    "xelion": [OPENAPI / "xelion.yaml"],
    "directory": [OPENAPI / "directory.yaml"],
    "subprocessors": [OPENAPI / "subprocessors.yaml"],
}
CASSETTES = [
    pytest.param(name, path, id=f"{name}/{path.name}")
    for name in DESCRIBED
    for path in sorted((ROOT / "connectors" / name / "cassettes").glob("*.yaml"))
]


@cache
def known(name: str) -> list[Operation]:
    return [each for path in DESCRIBED[name] for each in operations(path)]


def faults(found: list[Operation], exchange: Exchange) -> list[str]:
    fitting = [each for each in found if each.fits(exchange)]
    if not fitting:
        return ["no such call is described"]
    return [f"{fitting[0].name}: {fault}" for fault in fitting[0].faults(exchange)]


@pytest.mark.parametrize(("name", "cassette"), CASSETTES)
def test_every_recorded_call_and_answer_is_as_described(name: str, cassette: Path) -> None:
    found = known(name)
    wrong = {
        f"{each.method} {number}: {fault}"
        for number, each in enumerate(exchanges(cassette))
        for fault in faults(found, each)
    }
    assert wrong == set()


@pytest.mark.parametrize("name", DESCRIBED)
def test_no_call_is_described_that_the_connector_does_not_make(name: str) -> None:
    """Of TM Forum's files we use a part; ours say why where a call is not recorded."""
    made = [each for value in _tapes(name) for each in exchanges(value)]
    own = [each for each in known(name) if "swagger" not in each.document]
    unmade = [op.name for op in own if not any(op.fits(exchange) for exchange in made)]
    assert unmade == [op.name for op in own if not op.is_recorded]


def _tapes(name: str) -> Iterator[Path]:
    yield from (ROOT / "connectors" / name / "cassettes").glob("*.yaml")


GOOD = Exchange(
    "GET",
    "https://x.example/api/v1/t/addressables?limit=100",
    "",
    "",
    200,
    "application/json",
    '{"data": [{"object": {"oid": "1", "objectType": "Person"}}], "meta": {}}',
)


@pytest.mark.parametrize(
    ("exchange", "fault"),
    [
        (replace(GOOD, method="PUT"), "no such call"),
        (replace(GOOD, url=GOOD.url.replace("addressables", "users")), "no such call"),
        (replace(GOOD, url=f"{GOOD.url}&retrieval=true"), "retrieval is not described"),
        (replace(GOOD, url=GOOD.url.replace("100", "all")), "query limit"),
        (replace(GOOD, received_type="text/html"), "the answer is text/html"),
        (replace(GOOD, received="[]"), "answer: $ does not fit type"),
        (replace(GOOD, received=GOOD.received.replace('"1"', "1")), "$.data[0].object.oid"),
        (replace(GOOD, sent="{}"), "the call has a body"),
    ],
)
def test_what_is_not_described_is_found(exchange: Exchange, fault: str) -> None:
    assert faults(known("xelion"), GOOD) == []
    assert fault in faults(known("xelion"), exchange)[0]


def test_xml_is_held_against_its_schema() -> None:
    good = next(iter(exchanges(ROOT / "connectors" / "directory" / "cassettes" / "check.yaml")))
    found = known("directory")
    assert faults(found, good) == []
    for old, new in (
        ("TotalCount>0", "TotalCount>none"),
        ("ResponseSelectWrapper", "Wrapper"),
        ("TotalCount", "Count"),
    ):
        spoilt = replace(good, received=good.received.replace(old, new))
        assert faults(found, spoilt) != []
