"""Runs a connector's contract tests, and writes what they proved where a gateway looks for it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from avgate_contracts.conformance import FILE_NAME, FORMAT, source_digest
from avgate_contracts.kit.commands.finding import KitError, Project
from avgate_contracts.kit.commands.running import run_tests


def prove(project: Project) -> bool:
    """Runs the tests, which say themselves what they found; whether all of them pass."""
    return run_tests(project, [])[0] == 0


def prove_with_evidence(project: Project, output: Path | None) -> tuple[bool, Path]:
    """The same, and where the evidence was written: into `output`, or the connector's package.

    It is written whatever the level, also where tests fail. Raises KitError if there is none.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.json"
        code, _ = run_tests(project, [f"--avgate-json={file}"])
        found = json.loads(file.read_text("utf-8"))["connectors"] if file.exists() else []
    if len(found) != 1:
        raise KitError(
            f"{len(found)} test classes gave evidence, and it can be of one; name its test file"
        )
    package = _package(project, str(found[0]["class"]).partition(".")[0])
    place = output or package / FILE_NAME
    _write(place, {"format": FORMAT, "source": source_digest(package), **found[0]})
    return code == 0, place


def _package(project: Project, name: str) -> Path:
    """The import package, as it lies in the project that tests it."""
    for folder in _upwards(project.root, project.tests):
        for package in (folder / name, folder / "src" / name):
            if (package / "__init__.py").is_file():
                return package
    raise KitError(
        f"the package {name} is not in this project, so its evidence would be about something else"
    )


def _upwards(root: Path, tests: Sequence[Path]) -> Iterator[Path]:
    for test in tests:
        yield from (up for up in test.parents if up.is_relative_to(root))


def _write(place: Path, evidence: dict[str, Any]) -> None:
    try:
        place.write_text(json.dumps(evidence, indent=2, sort_keys=True) + "\n", "utf-8")
    except OSError:
        raise KitError("the evidence cannot be written there; name another --output") from None
