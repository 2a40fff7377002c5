"""Which mutants `make mutants` tries, what it believes of an earlier run, and how it tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutation.command import ROOT, Score
from tests.mutation.equivalent import changes
from tests.mutation.kept import Kept
from tests.mutation.modules import MODULES
from tests.mutation.mutant import mutants

SOURCE = """
from __future__ import annotations


def least(one: int | None, *others: int, is_open: bool = False) -> bool | None:
    return one < max(others) if is_open else one == "text"
"""


def test_a_mutant_is_what_python_reads_and_a_test_could_notice(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    found = mutants(path)
    assert {one.place[0] for one in found} == {5, 6}
    assert [one.became for one in found if one.place[0] == 5] == [
        "def least(one: int | None, *others: int, is_open: bool = True) -> bool | None:"
    ]
    changed = {one.became for one in found}
    assert 'return one >= max(others) if is_open else one == "text"' in changed
    assert 'return one < max(others) if is_open else one is "text"' not in changed  # a warning
    assert len({one.source for one in found}) == len(found)
    for one in found:
        compile(one.source, "mutant", "exec")


def test_results_hold_until_the_module_or_its_tests_are_others(tmp_path: Path) -> None:
    module, tests = tmp_path / "module.py", tmp_path / "test_module.py"
    module.write_text("1")
    tests.write_text("1")

    def kept() -> Kept:
        return Kept.of(tmp_path / "kept", "module", module, [tests])

    assert kept().results() == {}
    kept().begin({})
    kept().add("one", lived=True)
    kept().add("other", lived=False)
    assert kept().results() == {"one": True, "other": False}
    tests.write_text("2")
    assert (kept().results(), kept().lived_before()) == ({}, frozenset({"one"}))
    module.write_text("2")
    assert (kept().results(), kept().lived_before()) == ({}, frozenset())


def test_what_nothing_could_notice_counts_in_no_score(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    [was, became] = next(iter(changes("claim")))
    found = mutants(path)[0]
    known = type(found)(found.place, found.operator, 0, found.source, was, became)
    told = Score("claim", 20, 10, [found, known]).told()
    assert (told["tried"], told["equivalent"], told["killed"], told["survived"]) == (10, 1, 8, 1)
    assert told["score"] == 0.889
    [lived] = told["lived"]
    assert lived["place"].startswith("gateway/avgate_gateway/authentication/claim.py:5:")
    assert lived["became"] == found.became


def test_every_module_has_its_figures_in_the_page_about_security() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    assert [module for module, _ in MODULES.values() if f"| `{module}` |" not in page] == []


@pytest.mark.parametrize("name", MODULES)
def test_modules_their_tests_and_what_is_equivalent_are_there(name: str) -> None:
    module, tests = MODULES[name]
    lines = " ".join(line.strip() for line in (ROOT / module).read_text("utf-8").splitlines())
    assert all((ROOT / test).is_file() for test in tests)
    assert [was for was, _ in changes(name) if was not in lines] == []
