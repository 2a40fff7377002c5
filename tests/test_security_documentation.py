"""What the pages about security name is there: every test, every row of OWASP's list, every requirement of ASVS."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECURITY, ASVS = ROOT / "docs/security.md", ROOT / "docs/security-asvs.md"
LEVELS: dict[str, int] = json.loads((ROOT / "tests/asvs_levels.json").read_text())
_NAMED = re.compile(r"`((?:tests|connectors)/[^`]*\.py[^`]*)`")
_DECIDED = re.compile(r"`(?:tests|connectors)/|does not apply|not met|\]\(")


@pytest.mark.parametrize("page", [SECURITY, ASVS], ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = set(_NAMED.findall(page.read_text()))
    missing = sorted(name for name in named if not _exists(name))

    assert named
    assert not missing, "\n".join(["named and not there:", *missing])


def test_every_row_of_the_api_top_ten_names_a_test() -> None:
    rows = [row for row in _rows(SECURITY) if re.match(r"API\d", row[0])]

    assert [row[0].split()[0] for row in rows] == [f"API{n}" for n in range(1, 11)]
    assert not [row[0] for row in rows if not _NAMED.search(row[2])], "names no test"


def test_every_promise_names_a_test() -> None:
    promises = SECURITY.read_text().split("## What is promised\n")[1].split("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("|")][2:]

    assert rows
    assert not [row for row in rows if not _NAMED.search(row)], "names no test"


def test_every_requirement_of_asvs_is_told_of_once() -> None:
    told = Counter(number for row in _requirements() for number in _covered(row[0]))

    assert not [number for number in LEVELS if told[number] == 0], "not told of"
    assert not [number for number, times in told.items() if times > 1], "told of twice"


def test_every_row_of_asvs_stands_for_something_and_says_how_it_is_held() -> None:
    assert not [row[0] for row in _requirements() if not _covered(row[0])], "no requirement"
    assert not [row[0] for row in _requirements() if not _DECIDED.search(row[2])], "says neither"


@pytest.mark.parametrize("page", [SECURITY, ASVS], ids=lambda page: page.name)
def test_tables_are_well_formed(page: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE)

    for table in tables:
        heading, rule, *rows = table.splitlines()
        assert re.fullmatch(r"(\|---)+\|", rule), heading
        assert rows, heading
        for row in (heading, *rows):
            assert len(_cells(row)) == rule.count("---"), row
            assert all(_cells(row)), row


def _requirements() -> list[list[str]]:
    return [row for row in _rows(ASVS) if re.fullmatch(r"V\d+(\.\d+)*", row[0])]


def _covered(number: str) -> list[str]:
    """The requirement itself, or those of the section or chapter."""
    return [each for each in LEVELS if each == number or each.startswith(f"{number}.")]


def _rows(page: Path) -> Iterator[list[str]]:
    for line in page.read_text().splitlines():
        if line.startswith("|"):
            yield _cells(line)


def _cells(row: str) -> list[str]:
    assert row.endswith("|"), row
    return [cell.strip() for cell in row[1:-1].split("|")]


def _exists(name: str) -> bool:
    path, _, function = name.partition("::")
    file = ROOT / path
    return file.is_file() and (not function or function in _functions(file))


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
