"""Programs of ours that are forked from a process which has them imported: the side that asks for them."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .zygote import PROGRAMS

_ROOT = Path(__file__).parents[2]


@dataclass
class Zygote:
    """The process that is forked from; one for each process of tests."""

    process: subprocess.Popen[str]

    def tell(self, **order: Any) -> int:
        """What it answers: a process that it forked, or how one has ended."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        with self.process:
            assert self.process.stdin
            self.process.stdin.close()


@cache
def zygote() -> Zygote:
    """Started when the first program is asked for."""
    made = Zygote(
        subprocess.Popen(
            [sys.executable, "-m", "tests.flow.zygote"],
            cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
    )  # fmt: skip
    atexit.register(made.end)
    return made


def is_ours(command: Sequence[str]) -> bool:
    """Whether it is one of the programs that can be forked: `python -m PROGRAM …`."""
    return list(command[:2]) == [sys.executable, "-m"] and command[2] in PROGRAMS


@dataclass
class Forked:
    """A program that runs; it can be asked what a `Popen` can."""

    pid: int
    returncode: int | None = None
    pidfd: int = field(init=False)

    def __post_init__(self) -> None:
        self.pidfd = os.pidfd_open(self.pid)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        errors: Path | None = None,
    ) -> Forked:
        """`errors`: where what it complains of goes, if not to the log."""
        log.touch()  # whoever asked may read it at once
        order = {
            "command": command[2:],
            "folder": str(folder.absolute()),
            "log": str(log.absolute()),
            "errors": str((errors or log).absolute()),
        }
        return cls(zygote().tell(**order, environment=dict(environment)))

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, seconds: float) -> int:
        ended = self._ended(seconds)
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), seconds)
        return ended

    def _ended(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self.pidfd], [], [], seconds)[0]:
            os.close(self.pidfd)
            self.returncode = zygote().tell(ended=self.pid)
        return self.returncode
