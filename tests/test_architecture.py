"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from avgate_contracts import Connector, ConnectorError, errors
from avgate_contracts.connector import Manifest
from avgate_gateway.retention import load_pack

ROOT = Path(__file__).parent.parent
SHIPPED = [
    "contracts/avgate_contracts",
    "client/avgate_client",
    "gateway/avgate_gateway",
    "mocks/avgate_mocks",
]
CONNECTORS = ["directory", "operator", "subprocessors", "xelion"]
HEADINGS = [
    "## What it holds",
    "## How it finds a person",
    "## What it cannot do",
    "## How to record",
]
LONGEST_FILE, LONGEST_FUNCTION = 300, 50  # lines
UNSAYING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def modules() -> Iterator[Path]:
    folders = [ROOT / name for name in SHIPPED]
    folders += [ROOT / f"connectors/{name}/avgate_{name}" for name in CONNECTORS]
    for folder in folders:
        yield from folder.rglob("*.py")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_the_four_modules_and_a_readme_with_the_four_headings(
    name: str,
) -> None:
    folder = ROOT / "connectors" / name
    found = {path.stem for path in (folder / f"avgate_{name}").glob("*.py")}
    assert {"__init__", "client", "models", "connector"} <= found
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert (folder / f"test_{name}.py").exists()
    assert list((folder / "cassettes").glob("*.yaml"))


@pytest.mark.parametrize("name", CONNECTORS)
def test_our_connectors_come_in_by_the_same_door_as_everybody_elses(name: str) -> None:
    (point,) = [p for p in entry_points(group="avgate.connectors.v1") if p.name == name]
    kind = point.load()
    assert isinstance(kind.manifest, Manifest)
    assert kind.manifest.name == name
    assert Connector in kind.__mro__


@pytest.mark.parametrize("pack", ["libervoice-2019", "mister-voip-2019"])
@pytest.mark.parametrize("name", CONNECTORS)
def test_every_category_that_a_connector_holds_has_a_rule_in_every_pack(
    name: str, pack: str
) -> None:
    (point,) = [p for p in entry_points(group="avgate.connectors.v1") if p.name == name]
    ruled = {category for _, category in load_pack(pack).rules}
    assert point.load().manifest.holds <= ruled


def test_every_error_of_the_contracts_has_the_one_base() -> None:
    own = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert own
    assert all(issubclass(kind, ConnectorError) for kind in own)


def test_no_module_is_called_after_nothing_in_particular() -> None:
    assert [path for path in modules() if path.stem in UNSAYING] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [p for p in modules() if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_no_file_and_no_function_is_too_long_to_hold_in_the_head() -> None:
    long_files = [p for p in modules() if len(p.read_text("utf-8").splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{path.name}:{function.lineno}"
        for path in modules()
        for function in functions(ast.parse(path.read_text("utf-8")))
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
        and function.name != "upgrade"  # a list of tables
    ]
    assert (long_files, long_functions) == ([], [])


def test_imports_stand_at_the_top() -> None:
    """Two exceptions, each with its reason where it stands: the command line loads what it needs."""
    hidden = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        for function in functions(ast.parse(path.read_text("utf-8")))
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }
    assert hidden <= {"gateway/avgate_gateway/cli/__init__.py"}


def test_every_module_can_be_imported_by_itself() -> None:
    for package in ("avgate_contracts", "avgate_client", "avgate_gateway"):
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not found.name.endswith((".env", "__main__")) and ".versions" not in found.name:
                importlib.import_module(found.name)


def test_ci_looks_at_the_types_of_tests_and_benchmarks_too() -> None:
    assert "make types\n" in (ROOT / ".ci/run").read_text()
    assert "types: setup\n\t$(BIN)/mypy tests bench\n" in (ROOT / "Makefile").read_text()


def test_ci_tries_at_length_what_is_tried_in_part_elsewhere() -> None:
    assert re.search(
        r"^AVGATE_EXAMPLES=\d+ make test$", (ROOT / ".ci/run").read_text(), re.MULTILINE
    )
