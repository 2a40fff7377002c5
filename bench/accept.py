"""How many requests a second are accepted, each on disk before its 202, beside an insert by hand.

Prints one JSON object. 64 connections send POST /v1/requests one after the other. *waiting*: identity
is missing, so what is accepted waits and nothing else is to be done. *worked_on*: accesses of
strangers, which the engine begins to carry out across three upstreams of 5 ms while the next ones
come; each round has a gateway of its own, so that no backlog reaches into another figure. Beside
them, in turns, `references/insert_one_row.py`, with a transaction for each request (the reference)
and with group commit. Run: `python bench/accept.py [--quick]`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rig.bodies import requests, strangers
from rig.figures import (
    ROUNDS,
    Goal,
    cpu_seconds,
    options,
    percentile,
    printed,
    ratios,
    resident_mb,
    spread,
)
from rig.load import sent
from rig.programs import Program, gateway, mocks, reference, token

CONNECTIONS = 64


@dataclass(slots=True)
class Series:
    """The rounds of one program."""

    per_second: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {
            "per_second": spread(self.per_second),
            "p50_ms": spread(self.p50),
            "p99_ms": spread(self.p99),
            "cpu_ms_per_request": spread(self.cpu_ms, 3),
            "rss_mb": spread(self.rss_mb),
        }


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--seconds", type=float, help="how long a round of one program lasts")
    chosen = asked.parse_args()
    seconds = chosen.seconds or (0.7 if chosen.quick else 5)
    warm = 0.2 if chosen.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        series = measured(Path(folder), seconds, warm, busy_rounds=1 if chosen.quick else ROUNDS)
    plain = series["insert_one_row"].per_second
    rate = ratios(series["waiting"].per_second, plain)
    busy = series["worked_on"].per_second
    busy_rate = ratios(busy, plain[: len(busy)])
    printed(
        "accept",
        quick=chosen.quick,
        goals=[
            Goal("of_the_reference", "at_least", 0.5, rate["median"]),
            Goal("p99_ms", "at_most", 150, spread(series["waiting"].p99)["median"]),
        ],
        connections=CONNECTIONS,
        seconds_per_round=seconds,
        reference="insert_one_row: one transaction per request, WAL, synchronous=FULL",
        waiting_of_the_reference=rate,
        worked_on_of_the_reference=busy_rate,
        waiting_of_group_commit=ratios(
            series["waiting"].per_second, series["insert_in_groups"].per_second
        ),
        **{name: one.told() for name, one in series.items()},
    )


def measured(folder: Path, seconds: float, warm: float, busy_rounds: int) -> dict[str, Series]:
    names = ("waiting", "worked_on", "insert_one_row", "insert_in_groups")
    series = {name: Series() for name in names}
    with (
        mocks(folder, "--latency-ms", "5"),
        gateway(folder) as waits,
        reference(folder, "insert_one_row.py", "plain.db") as plain,
        reference(folder, "insert_one_row.py", "groups.db", "--at-once", "64") as groups,
    ):
        of_unknown = partial(_requests, token(folder, "requests:access"), identified=False)

        def round_of(name: str, program: Program, calls: Callable[[], Iterator[bytes]]) -> None:
            sent(program.address, calls(), CONNECTIONS, warm)
            before = cpu_seconds(program.pid)
            load = sent(program.address, calls(), CONNECTIONS, seconds)
            used = cpu_seconds(program.pid) - before
            if set(load.statuses) != {202}:
                raise SystemExit(f"{name}: {dict(load.statuses)}")
            one = series[name]
            one.per_second.append(load.per_second)
            one.p50.append(percentile(load.millis, 50))
            one.p99.append(percentile(load.millis, 99))
            one.cpu_ms.append(used / len(load.millis) * 1000)
            one.rss_mb.append(resident_mb(program.pid))

        for number in range(ROUNDS):
            round_of("waiting", waits, of_unknown)
            round_of("insert_one_row", plain, of_unknown)
            round_of("insert_in_groups", groups, of_unknown)
            if number >= busy_rounds:
                continue
            own = folder / f"round-{number}"
            own.mkdir()
            for name in ("avgate.toml", "avgate.key", "avgate.token-key.json"):
                if (folder / name).exists():
                    (own / name).write_bytes((folder / name).read_bytes())
                    (own / name).chmod(0o600)
            with gateway(own, abruptly=True) as busy:
                own_token = token(own, "requests:access")
                round_of("worked_on", busy, partial(_requests, own_token, identified=True))
    return series


def _requests(bearer: str, *, identified: bool) -> Iterator[bytes]:
    return requests(bearer, strangers(), identified=identified)


if __name__ == "__main__":
    main()
