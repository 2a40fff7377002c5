"""Figures: medians of rounds, what a process used, and goals that are met or not."""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROUNDS = 5
_TICK = os.sysconf("SC_CLK_TCK")


def options(about: str | None) -> argparse.ArgumentParser:
    """The command line that all benchmarks share: `--quick` is smaller, and takes half a minute."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="smaller: half a minute at the most")
    return parser


def printed(name: str, *, quick: bool, goals: Sequence[Goal], **figures: Any) -> None:
    """Prints the one JSON object of a benchmark."""
    told = {
        "bench": name,
        "quick": quick,
        "goals": {goal.name: goal.told() for goal in goals},
        "all_met": all(goal.is_met for goal in goals),
        **figures,
    }
    print(json.dumps(told, indent=2))


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that has to be at least, or at most, what was set."""

    name: str
    kind: Literal["at_least", "at_most"]
    wanted: float
    measured: float

    @property
    def is_met(self) -> bool:
        if self.kind == "at_least":
            return self.measured >= self.wanted
        return self.measured <= self.wanted

    def told(self) -> Mapping[str, float | bool]:
        return {self.kind: self.wanted, "measured": self.measured, "met": self.is_met}


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median, least and most of some rounds."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def ratios(ours: Sequence[float], theirs: Sequence[float], digits: int = 3) -> dict[str, float]:
    """The spread of ours / theirs, round by round: what disturbs a machine disturbs both of a round."""
    return spread([own / other for own, other in zip(ours, theirs, strict=True)], digits)


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, all its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICK


def precise_cpu_seconds(pid: int) -> float:
    """The same of the threads that are alive, to the microsecond: for calls that take less than a tick."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def resident_mb(pid: int, *, most: bool = False) -> float:
    """Memory of a process in MiB, now or at its most."""
    row = "VmHWM" if most else "VmRSS"
    found = re.search(rf"{row}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[1]) / 1024, 1) if found else 0.0


def forget_most(pid: int) -> None:
    """Has the kernel count a process's most memory anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
