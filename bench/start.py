"""How fast the gateway starts, what it weighs, and what it costs while nobody asks for anything.

Prints one JSON object. From the start of the process until `/health/ready` answers 200, with an
empty database that has its tables already, and with one that has yet to be made; the memory then;
and the CPU time of the following seconds. Run: `python bench/start.py [--quick]`.
"""

from __future__ import annotations

import re
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from rig.figures import ROUNDS, Goal, cpu_seconds, options, printed, resident_mb, spread
from rig.programs import gateway, lean_upstream

SETTLE_SECONDS = 2.0


def main() -> None:
    chosen = options(__doc__).parse_args()
    idle_seconds = 4 if chosen.quick else 20
    ready: list[float] = []
    cpu: list[float] = []
    rss: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with lean_upstream(folder):
            for _ in range(ROUNDS + 1):
                begin = time.perf_counter()
                with gateway(folder) as program:
                    _wait_until_ready(program.address)
                    ready.append(time.perf_counter() - begin)
                    cpu.append(cpu_seconds(program.pid))
                    rss.append(resident_mb(program.pid))
            with gateway(folder) as program:
                time.sleep(SETTLE_SECONDS)
                before = cpu_seconds(program.pid)
                time.sleep(idle_seconds)
                idle = 100 * (cpu_seconds(program.pid) - before) / idle_seconds
                most = resident_mb(program.pid, most=True)
    again = spread(ready[1:], 2)
    printed(
        "start",
        quick=chosen.quick,
        goals=[
            Goal("ready_seconds", "at_most", 2, again["median"]),
            Goal("idle_percent_of_a_core", "at_most", 1, round(idle, 2)),
            Goal("rss_mb", "at_most", 150, most),
            Goal("packages", "at_most", 70, len(packages("avgate", {"gateway"}))),
        ],
        ready_seconds=again,
        ready_seconds_with_a_new_database=round(ready[0], 2),
        cpu_seconds_to_ready=spread(cpu[1:], 2),
        rss_mb=spread(rss[1:]),
        idle_seconds=idle_seconds,
    )


def _wait_until_ready(address: str) -> None:
    while True:
        try:
            with urlopen(address + "/health/ready"):  # noqa: S310 -- a gateway of ours
                return
        except URLError:
            time.sleep(0.01)


def packages(name: str, extras: set[str]) -> set[str]:
    """Everything that installing the gateway brings along."""
    seen: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        one, wanted = waiting.pop()
        try:
            requires = distribution(one).requires or []
        except PackageNotFoundError:
            continue
        if one.lower() in seen and not wanted:
            continue
        seen.add(one.lower())
        for text in requires:
            requirement, _, marker = text.partition(";")
            extra = re.search(r"extra == ['\"](\w+)['\"]", marker)
            if extra and extra[1] not in wanted:
                continue
            match = re.match(r"\s*([\w.-]+)(?:\[([\w,-]+)\])?", requirement)
            if match and match[1].lower().replace("_", "-") not in seen:
                waiting.append(
                    (match[1].replace("_", "-"), set((match[2] or "").split(",")) - {""})
                )
    return seen


if __name__ == "__main__":
    main()
