"""What it costs that calls are counted: accepted requests with the limits as they are, and with none.

Prints one JSON object. 64 connections of one client send POST /v1/requests, identity missing, to two
gateways in turns. CPU of the whole process for each 202, and the ratio round by round; then, without a
gateway, how many transactions a window of calls takes, and the CPU of one call that is paid from what
is in hand. Run: `python bench/rate.py [--quick]`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from rig.bodies import requests, strangers
from rig.figures import ROUNDS, Goal, cpu_seconds, options, printed, ratios, spread
from rig.load import sent
from rig.programs import Program, gateway, mocks, token

from avgate_gateway.guard.rate import Policy, Rate, Taken

CONNECTIONS = 64
PER_MINUTE = 60_000  # the default of `limits.calls_per_client`
NONE = "\n[limits]\ncalls_per_client = 0\ncalls_per_controller = 0\n"


class Counting:
    """A ledger that gives what is left, and counts how often it is asked."""

    def __init__(self) -> None:
        self.left = PER_MINUTE
        self.asked = 0

    async def take(self, policy: Policy, _key: tuple[str, ...], wanted: int) -> Taken:
        self.asked += 1
        granted = min(wanted, self.left)
        self.left -= granted
        return Taken(granted, self.left, policy.seconds)


def main() -> None:
    chosen = options(__doc__).parse_args()
    seconds = 0.7 if chosen.quick else 5
    with tempfile.TemporaryDirectory() as folder:
        counted, free = measured(Path(folder), seconds)
    ratio = ratios(counted, free)
    calls = asyncio.run(paid(PER_MINUTE))
    printed(
        "rate",
        quick=chosen.quick,
        goals=[Goal("of_an_accept_without_limits", "at_most", 1.03, ratio["median"])],
        connections=CONNECTIONS,
        cpu_ms_with_limits=spread(counted, 3),
        cpu_ms_without=spread(free, 3),
        with_limits_of_without=ratio,
        **calls,
    )


def measured(folder: Path, seconds: float) -> tuple[list[float], list[float]]:
    """CPU milliseconds of each accepted request, by round: with limits, and without."""
    (folder / "free").mkdir()
    counted: list[float] = []
    free: list[float] = []
    with mocks(folder):
        config = (folder / "avgate.toml").read_text()
        (folder / "free" / "avgate.toml").write_text(config + NONE)
        with gateway(folder) as limited, gateway(folder / "free") as unlimited:
            for number in range(ROUNDS + 1):
                for program, own, series in (
                    (limited, folder, counted),
                    (unlimited, folder / "free", free),
                ):
                    used = cpu_of_one(program, token(own, "requests:access"), seconds)
                    if number:  # the first one warms up
                        series.append(used)
    return counted, free


def cpu_of_one(program: Program, bearer: str, seconds: float) -> float:
    before = cpu_seconds(program.pid)
    load = sent(
        program.address, requests(bearer, strangers(), identified=False), CONNECTIONS, seconds
    )
    if set(load.statuses) != {202}:
        raise SystemExit(f"not all were accepted: {dict(load.statuses)}")
    return (cpu_seconds(program.pid) - before) / len(load.millis) * 1000


async def paid(calls: int) -> dict[str, Any]:
    """A window's calls, one after the other: how often the ledger is asked, and what one costs."""
    ledger = Counting()
    rate = Rate(Policy("client", PER_MINUTE, 60), ledger, time.monotonic)
    asked_of_3600 = 0
    begin = time.process_time()
    for number in range(calls):
        await rate.together("libervoice", "bench")
        if number == 3_600:
            asked_of_3600 = ledger.asked
    used = time.process_time() - begin
    return {
        "cpu_us_of_a_count": round(used / calls * 1e6, 2),
        "transactions_for_3600_calls": asked_of_3600,
        "transactions_for_60000_calls": ledger.asked,
    }


if __name__ == "__main__":
    main()
