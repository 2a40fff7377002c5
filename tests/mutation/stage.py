"""A copy of the tree in which one module's mutants are tried, and in which nothing else changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = (".venv", ".git", ".*_cache", ".hypothesis", "dist", "var")
_OPTIONS = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "-p", "no:schemathesis")
# Plugins are loaded before pytest could rewrite their asserts, of which none is ours.
_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


class BaselineError(Exception):
    """The tests fail without a mutant: all would die of that."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where mutants are tried; the tests run in a process that begins once."""

    _module: Path
    _nursery: subprocess.Popen[str]

    def lives(self, source: str) -> bool:
        """Whether no test notices that the module has this text."""
        self._module.write_text(source, "utf-8")
        return self._ask() == "0"

    def _ask(self) -> str:
        to, back = self._nursery.stdin, self._nursery.stdout
        if to is None or back is None:
            raise BrokenPipeError
        to.write("\n")
        to.flush()
        answer = back.readline().strip()
        if not answer:  # or every mutant would count as killed
            raise BrokenPipeError("the process that runs the tests is gone; begin again")
        return answer


@contextmanager
def staged(root: Path, module: str, tests: Sequence[str]) -> Iterator[Stage]:
    """Raises BaselineError, which shows what pytest said, if the tests fail as it is."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        with _begun(tree, tests) as nursery:
            if nursery.stdout is None or nursery.stdout.readline().strip() != "0":
                raise BaselineError((tree / "first-run.txt").read_text("utf-8"))
            yield Stage(tree / module, nursery)


@contextmanager
def _begun(tree: Path, tests: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The copy's packages come before the installed ones, which are those of the real tree."""
    ours = ["contracts", "client", "gateway", "mocks"]
    ours += [f"connectors/{each.name}" for each in (tree / "connectors").iterdir() if each.is_dir()]
    path = os.pathsep.join(str(tree / folder) for folder in ours)
    command = [sys.executable, "tests/mutation/nursery.py", *_OPTIONS, *_QUIET, *tests]
    environment = {**os.environ, "PYTHONPATH": path}
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 -- our own arguments
        command, cwd=tree, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
