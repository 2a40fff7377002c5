"""The suite is tested by connectors that are wrong in one way each, and by some that are not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.thorough import some

from avgate_contracts.kit.law import laws_of

from .mutants import MUTANTS, Mutant
from .mutants.honest import HONEST
from .mutants.judging import failing, recorded_by_itself, suite_of, variants
from .mutants.linden import LindenConnector, LindenContract
from .mutants.table import laws, lines

PAGE = Path(__file__).parents[2] / "docs/conformance.md"
CASSETTES = Path(__file__).parent / "mutants/cassettes"
PERSON_TEST = "test_recordings_hold_nothing_of_a_person_and_no_secret"
ITS_OWN = [each for each in MUTANTS if each.own or each.refused]
EVERY = 3  # one in so many is tried, and all of them in CI


def name_of(given: Any) -> str:
    return given.name if isinstance(given, Mutant) else getattr(given, "__name__", "")


def test_there_are_enough_mutants_and_no_two_alike() -> None:
    assert len(MUTANTS) >= 35
    assert len({each.name for each in MUTANTS}) == len({each.wrong for each in MUTANTS})
    assert len({each.wrong for each in MUTANTS}) == len(MUTANTS)


def test_every_law_has_a_mutant_that_breaks_it() -> None:
    broken = {test.partition("[")[0] for each in MUTANTS for test in (*each.tests, *each.own)}
    kept = {law.name for law in laws_of(LindenContract) if law.level < 5} - broken
    refused_by_the_client = "test_only_hosts_of_the_settings_are_called"
    assert kept == {refused_by_the_client, PERSON_TEST}, "the last is tried by cassettes, below"


@pytest.mark.parametrize("mutant", some(MUTANTS, EVERY, by=name_of), ids=name_of)
def test_a_mutant_fails_on_recordings_of_the_good_connector(mutant: Mutant) -> None:
    suite = suite_of(mutant.connector, **mutant.more)
    assert set(mutant.tests) <= set(variants(suite))
    found = failing(suite, mutant.tests)
    assert set(found) == set(mutant.tests)
    assert all("what to do:" in verdict for verdict in found.values())
    assert not any("fleur" in verdict.lower() for verdict in found.values())


@pytest.mark.parametrize("mutant", some(ITS_OWN, EVERY, by=name_of), ids=name_of)
def test_a_mutant_fails_on_recordings_of_its_own(mutant: Mutant, tmp_path: Path) -> None:
    suite, problems = recorded_by_itself(mutant.connector, tmp_path, mutant.stories, **mutant.more)
    if mutant.refused:
        assert any(mutant.refused in problem for problem in problems)
        return
    assert not problems
    found = failing(suite, mutant.own)
    assert set(found) == set(mutant.own)
    assert not any("a recording of the story" in verdict for verdict in found.values())


@pytest.mark.parametrize(("connector", "more"), HONEST, ids=name_of)
def test_an_honest_connector_fails_nothing(
    connector: type[Any], more: dict[str, Any], tmp_path: Path
) -> None:
    """The first is the one that all the others differ from in one thing; of them CI tries every law."""
    suite, problems = recorded_by_itself(connector, tmp_path, **more)
    assert not problems
    every = 1 if connector is LindenConnector else 4
    assert failing(suite, some(variants(suite), every, whose=connector.__name__)) == {}


@pytest.mark.parametrize(
    "real",
    ["j.jansen@ziggo.nl", "NL91ABNA0417164300", "sandbox-secret"],
    ids=["a real-looking address", "a real-looking account", "a live secret"],
)
def test_a_cassette_that_holds_somebody_or_a_secret_fails(real: str, tmp_path: Path) -> None:
    shutil.copytree(CASSETTES, tmp_path / "cassettes")
    tape = tmp_path / "cassettes/access.yaml"
    text = tape.read_text("utf-8")
    tape.write_text(re.sub(r'"city":"[^"]*"', f'"city":"{real}"', text, count=1), "utf-8")
    assert tape.read_text("utf-8") != text
    suite = suite_of(LindenConnector, tmp_path / "cassettes")
    verdict = failing(suite, [PERSON_TEST])[PERSON_TEST]
    assert "access.yaml" in verdict
    assert real not in verdict


@pytest.mark.parametrize(("marker", "rows"), [("laws", laws), ("mutants", lines)])
def test_the_documentation_shows_the_tables(marker: str, rows: Callable[[], Iterator[str]]) -> None:
    _, _, rest = PAGE.read_text("utf-8").partition(f"<!-- {marker} -->\n")
    table, _, _ = rest.partition("<!-- end -->")
    assert table.splitlines() == list(rows()), "run: python -m tests.kit.mutants"
