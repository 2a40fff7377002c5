"""Where a connector's contract tests are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SUITE = "ConnectorContract"
_INHERITS = re.compile(rf"^class \w+\([^)]*\b{_SUITE}\b", re.MULTILINE)
_NOT_OURS = frozenset({"site-packages", "node_modules"})


class KitError(Exception):
    """A command of the kit cannot do what was asked; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a pyproject.toml, and the test files in it that inherit the suite."""

    root: Path
    tests: Sequence[Path]


def find_project(start: Path, wanted: str | None) -> Project:
    """The project whose tests are meant.

    `wanted` is a folder, a test file or the name of a connector; None is everything below `start`.
    Raises KitError if there are no such tests, or tests of more than one project.
    """
    found = sorted(_matching(start, wanted))
    roots = {_root(test) for test in found}
    if not found:
        raise KitError(
            f"no class that inherits {_SUITE} is found here; run this in the connector's project, "
            "or name its folder"
        )
    if len(roots) > 1:
        raise KitError("there are tests of more than one project here; name one, or its folder")
    return Project(roots.pop(), found)


def _matching(start: Path, wanted: str | None) -> Iterator[Path]:
    if wanted is None:
        yield from _contract_tests(start)
    elif (start / wanted).is_file():
        yield (start / wanted).resolve()
    elif (start / wanted).is_dir():
        yield from _contract_tests(start / wanted)
    else:
        found = list(_contract_tests(start))
        stems = (f"test_{wanted}", f"test_{wanted}_contract")
        yield from (test for test in found if test.stem in stems)


def _contract_tests(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder.resolve()):
        folders[:] = [name for name in folders if _may_hold_tests(Path(path) / name)]
        for name in names:
            test = Path(path) / name
            if name.startswith("test_") and test.suffix == ".py" and _inherits(test):
                yield test


def _may_hold_tests(folder: Path) -> bool:
    hidden = folder.name.startswith((".", "__")) or folder.name in _NOT_OURS
    return not hidden and not (folder / "pyvenv.cfg").exists()


def _inherits(test: Path) -> bool:
    return _INHERITS.search(test.read_text("utf-8", errors="replace")) is not None


def _root(test: Path) -> Path:
    """The nearest folder above that has a pyproject.toml; without one, the test's own."""
    return next((up for up in test.parents if (up / "pyproject.toml").is_file()), test.parent)
