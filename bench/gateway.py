"""How long one access and one erasure across three upstreams of 5 ms take, and what they cost.

Prints one JSON object. One request at a time goes from POST to closed (`Prefer: wait`), over one
kept connection; each has a person of its own.

* Of the *lean* upstream (`rig/lean_upstream.py`): a stranger, of whom nobody holds anything (six
  calls), and a customer, of whom the operator holds a service that has ended, three old calls and
  their card (nine calls); then the erasure of such a customer, all of it: located, planned, approved
  by the policy that exempts the client (so no person is waited for), erased one by one, looked for
  again, closed.
* Of the *mocks*: a stranger, and customers, who cost Xelion alone a hundred calls and more, three at a
  time as its session bears, for its API has every call in a record of its own and searches them by
  28 days. So the goals are of the lean upstream's people.

CPU is that of the gateway's one process, which is the whole stack: API, engine and database; what the
upstreams and the client use is beside it. Run: `python bench/gateway.py [--quick]`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from rig.bodies import Identifiers, customers, requests, strangers
from rig.figures import (
    ROUNDS,
    Goal,
    cpu_seconds,
    options,
    percentile,
    printed,
    resident_mb,
    spread,
)
from rig.load import sent
from rig.programs import Program, gateway, lean_upstream, mocks, token

SCOPES = ("requests:access", "requests:erase")
LATENCY = ("--latency-ms", "5")
MODEST = (6, 7)  # the mocks' people by position: nobody with fifty thousand calls


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--requests", type=int, help="requests of each kind in a round")
    chosen = asked.parse_args()
    each = chosen.requests or (4 if chosen.quick else 30)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        figures = of_lean(Path(one), each)
        figures |= of_mocks(Path(other), each)
    access, erase = figures["access_of_a_customer"], figures["erase_of_a_customer"]
    stranger = figures["access_of_a_stranger"]
    printed(
        "gateway",
        quick=chosen.quick,
        goals=[
            Goal("access_of_a_stranger_ms", "at_most", 100, stranger["median_ms"]["median"]),
            Goal("access_of_a_customer_ms", "at_most", 100, access["median_ms"]["median"]),
            Goal("access_of_a_stranger_cpu_ms", "at_most", 12, stranger["cpu_ms"]["median"]),
            Goal("access_of_a_customer_cpu_ms", "at_most", 12, access["cpu_ms"]["median"]),
            Goal("erase_of_a_customer_ms", "at_most", 200, erase["median_ms"]["median"]),
            Goal("erase_of_a_customer_cpu_ms", "at_most", 25, erase["cpu_ms"]["median"]),
        ],
        upstreams="operator, xelion, directory: 5 ms each",
        requests_per_round=each,
        **figures,
    )


def of_lean(folder: Path, each: int) -> dict[str, Any]:
    with lean_upstream(folder, *LATENCY) as upstream, gateway(folder) as program:
        bearer = token(folder, *SCOPES)
        nobody = requests(bearer, strangers(), wait=30)
        somebody = requests(bearer, customers(), wait=30)
        leaving = requests(bearer, customers(1_000_000), "erase", wait=30)
        kinds = {
            "access_of_a_stranger": nobody,
            "access_of_a_customer": somebody,
            "erase_of_a_customer": leaving,
        }
        return {**in_turns(program, upstream.pid, kinds, each), "rss_mb": resident_mb(program.pid)}


def of_mocks(folder: Path, each: int) -> dict[str, Any]:
    with mocks(folder, *LATENCY) as upstream, gateway(folder) as program:
        with urlopen(upstream["operator"] + "/_people") as answer:  # noqa: S310 -- a mock of ours
            people = json.loads(answer.read())["people"]
        known = [people[place]["identifiers"] for place in MODEST]
        bearer = token(folder, *SCOPES)
        kinds = {
            "access_of_a_stranger_of_the_mocks": requests(bearer, strangers(), wait=30),
            "access_of_customers_of_the_mocks": requests(bearer, _again(known), wait=60),
        }
        return in_turns(program, int(upstream["pid"]), kinds, max(each // 4, 2))


def _again(people: list[Identifiers]) -> Iterator[Identifiers]:
    yield from cycle(people)


def in_turns(
    program: Program, upstream_pid: int, kinds: dict[str, Iterator[bytes]], each: int
) -> dict[str, Any]:
    """Rounds of every kind, one kind after the other; the first of all warms up and does not count."""
    millis: dict[str, list[list[float]]] = {name: [] for name in kinds}
    cpu: dict[str, list[float]] = {name: [] for name in kinds}
    upstreams: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS + 1):
        for name, calls in kinds.items():
            before, before_there = cpu_seconds(program.pid), cpu_seconds(upstream_pid)
            load = sent(program.address, _first(calls, each), 1)
            if set(load.statuses) != {200}:
                raise SystemExit(f"{name}: not all were closed: {dict(load.statuses)}")
            millis[name].append(load.millis)
            cpu[name].append((cpu_seconds(program.pid) - before) * 1000 / each)
            upstreams[name].append((cpu_seconds(upstream_pid) - before_there) * 1000 / each)
    return {
        name: {
            "median_ms": spread([percentile(one, 50) for one in millis[name][1:]]),
            "p95_ms": spread([percentile(one, 95) for one in millis[name][1:]]),
            "cpu_ms": spread(cpu[name][1:], 2),
            "cpu_ms_of_upstreams": spread(upstreams[name][1:], 2),
        }
        for name in kinds
    }


def _first(calls: Iterator[bytes], number: int) -> Iterator[bytes]:
    for _ in range(number):
        yield next(calls)


if __name__ == "__main__":
    main()
