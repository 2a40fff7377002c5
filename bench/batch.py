"""A batch of 1,000 accesses of as many people: how many a second are closed, beside one by hand.

Prints one JSON object. 64 connections post as fast as they are answered 202; the time runs from the
first POST until the last request stands as closed in the database, which is looked at from outside.
Both sides call the same lean upstreams (`rig/lean_upstream.py`), 5 ms each: six calls for a stranger,
nine for a customer of the operator's. *reference* is `references/ordinary_parts.py`, behind the same
limits of calls at a time as the gateway (4, 4 and 3, so Xelion's two calls of 5 ms allow 300 requests a
second at most), *ample* is the same with 64. *upstream_calls* says what the upstreams alone can do,
the mocks beside the lean ones: they share the two cores. Run: `python bench/batch.py [--quick]`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rig.bodies import Identifiers, customers, requests, strangers
from rig.figures import ROUNDS, Goal, cpu_seconds, options, printed, ratios, resident_mb, spread
from rig.load import call, sent
from rig.programs import Program, gateway, lean_upstream, mocks, reference, token
from rig.store import reading

CONNECTIONS = 64
LATENCY = ("--latency-ms", "5")
_PATIENCE_SECONDS = 300
_LOOK_SECONDS = 0.01


@dataclass(slots=True)
class Series:
    """The rounds of one program."""

    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    accepted_in: list[float] = field(default_factory=list)
    rss_mb: float = 0.0

    def told(self) -> dict[str, Any]:
        return {
            "per_second": spread(self.per_second),
            "cpu_ms_per_request": spread(self.cpu_ms, 3),
            "seconds_until_all_were_accepted": spread(self.accepted_in, 2),
            "rss_mb_at_most": self.rss_mb,
        }


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--requests", type=int, help="in a batch")
    chosen = asked.parse_args()
    size = chosen.requests or (64 if chosen.quick else 1000)
    rounds = 2 if chosen.quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        series = measured(Path(folder), size, rounds)
        alone = upstreams_alone(Path(other), 400 if chosen.quick else 4000)
    ours, theirs = series["gateway_strangers"], series["reference_strangers"]
    share = ratios(ours.per_second, theirs.per_second)
    printed(
        "batch",
        quick=chosen.quick,
        goals=[
            Goal("per_second", "at_least", 90, spread(ours.per_second)["median"]),
            Goal("of_the_reference", "at_least", 0.25, share["median"]),
        ],
        requests_in_a_batch=size,
        connections=CONNECTIONS,
        of_the_reference=share,
        of_the_reference_in_cpu=ratios(theirs.cpu_ms, ours.cpu_ms),
        of_the_ample_reference=ratios(ours.per_second, series["ample_strangers"].per_second),
        of_the_reference_for_customers=ratios(
            series["gateway_customers"].per_second, series["reference_customers"].per_second
        ),
        upstream_calls_per_second=alone,
        **{name: one.told() for name, one in series.items()},
    )


def measured(folder: Path, size: int, rounds: int) -> dict[str, Series]:
    config = str(folder / "avgate.toml")
    with (
        lean_upstream(folder, *LATENCY),
        gateway(folder) as ours,
        reference(folder, "ordinary_parts.py", config, "reference.db") as theirs,
        reference(folder, "ordinary_parts.py", config, "ample.db", "--ample") as ample,
    ):
        bearer = token(folder, "requests:access")
        sides = {
            "gateway": (ours, folder / "avgate.db"),
            "reference": (theirs, folder / "reference.db"),
            "ample": (ample, folder / "ample.db"),
        }
        kinds = {"strangers": strangers(), "customers": customers()}
        series = {f"{side}_{kind}": Series() for kind in kinds for side in sides}
        for program, database in sides.values():
            batch(program, database, Series(), bearer, strangers(9_000_000), min(size, 64))
        for _ in range(rounds):
            for kind, people in kinds.items():
                for side, (program, database) in sides.items():
                    batch(program, database, series[f"{side}_{kind}"], bearer, people, size)
    return series


def batch(
    program: Program,
    database: Path,
    series: Series,
    bearer: str,
    people: Iterator[Identifiers],
    size: int,
) -> None:
    calls = iter(list(requests(bearer, islice(people, size))))
    before, used = closed(database), cpu_seconds(program.pid)
    begin = time.perf_counter()
    load = sent(program.address, calls, CONNECTIONS)
    if set(load.statuses) != {202}:
        raise SystemExit(f"not all were accepted: {dict(load.statuses)}")
    while closed(database) < before + size:
        if time.perf_counter() - begin > _PATIENCE_SECONDS:
            raise SystemExit(f"{closed(database) - before} of {size} were closed in time")
        time.sleep(_LOOK_SECONDS)
    series.per_second.append(size / (time.perf_counter() - begin))
    series.cpu_ms.append((cpu_seconds(program.pid) - used) * 1000 / size)
    series.accepted_in.append(load.seconds)
    series.rss_mb = resident_mb(program.pid, most=True)


def closed(database: Path) -> int:
    with reading(database) as db:
        found = db.execute("SELECT count(*) FROM request WHERE state = 'closed'").fetchone()
    return int(found[0])


def upstreams_alone(folder: Path, calls: int) -> dict[str, float]:
    """Xelion's address book from many connections, without a delay: no other call is as heavy."""
    path = "/api/v1/libervoice/addressables?limit=100&where=obj_type%3DPerson%2CUnknownAddressable"
    asked = call("GET", path, {"authorization": "xelion none", "accept": "application/json"})
    listings = call("GET", "/api/accounts/5510/listings?tn=%2B31201234567", {"accept": "*/*"})
    told = {}
    with lean_upstream(folder, "--latency-ms", "0") as lean:
        addresses = dict(
            line.split(" ") for line in (folder / "addresses").read_text().splitlines()
        )
        told["lean_xelion"] = _rate(addresses["xelion"], asked, calls)
        told["lean_directory"] = _rate(addresses["directory"], listings, calls)
        del lean
    with mocks(folder) as mocked:  # they refuse these calls, which costs less than answering them
        told["mock_xelion_at_most"] = _rate(mocked["xelion"], asked, calls)
        told["mock_directory_at_most"] = _rate(mocked["directory"], listings, calls)
    return told


def _rate(address: str, asked: bytes, calls: int) -> float:
    return round(sent(address, iter([asked] * calls), 16).per_second, 1)


if __name__ == "__main__":
    main()
