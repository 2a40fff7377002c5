"""Runs a project's contract tests in a process of their own, as their author would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from avgate_contracts.kit.commands.finding import Project

_SESSION = "avgate_contracts.kit.commands.session"


def run_tests(project: Project, options: Sequence[str], *, quiet: bool = False) -> tuple[int, str]:
    """The exit code of pytest, and what it said if that was not shown.

    Nothing is left in the project but what the options ask for.
    """
    command = [sys.executable, "-B", "-m", _SESSION, "-q", "--no-header", "-p", "no:cacheprovider"]
    ended = subprocess.run(  # noqa: S603 -- our own interpreter; the paths are the author's tests
        [*command, *options, *map(str, project.tests)],
        cwd=project.root,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout or ""
