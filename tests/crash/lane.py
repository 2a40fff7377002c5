"""A place for one run after another: a process that forks services, a time, a folder, a prepared store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..flow.harness import JsonMap
from ..flow.process import free_port
from .lane_time import LaneTime
from .wrong import StuckError

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Zygote:
    """The forking process; one per lane."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, temporary: Path) -> Zygote:
        command = [sys.executable, "-m", "tests.crash.zygote"]
        environment = {
            **os.environ,
            "PYDANTIC_DISABLE_PLUGINS": "true",
            "TMPDIR": str(temporary),
        }
        return cls(
            subprocess.Popen(  # noqa: S603 -- our own command
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def order(self, **what: Any) -> JsonMap:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: JsonMap = json.loads(self.process.stdout.readline() or "{}")
        if not answer:
            raise StuckError("the zygote is gone")
        return answer

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@dataclass
class Lane:
    """A place for one run after another: a zygote, a time, a folder, and a prepared store."""

    folder: Path
    zygote: Zygote
    time: LaneTime  # as it is
    wall: LaneTime  # as the service has it
    port: int = field(default_factory=free_port)

    @classmethod
    def open(cls, folder: Path) -> Lane:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / "temporary"
        temporary.mkdir(exist_ok=True)
        return cls(
            folder,
            Zygote.start(temporary),
            LaneTime.make(folder / "time"),
            LaneTime.make(folder / "wall"),
        )

    @property
    def template(self) -> Path:
        """A store as a service leaves it that was started once; without it, every run makes its own."""
        return self.folder / "template"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def close(self) -> None:
        self.zygote.end()
