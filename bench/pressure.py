"""What the gateway does under more than it can take: too many calls, dead upstreams, one who floods.

Prints one JSON object.

* *overload*: how many requests a second are accepted at the most, over 64 connections; then ten times
  as many a second are offered over 2,000 connections, twice what `limits.at_once` lets wait, each
  asking again as soon as it is answered, whatever Retry-After says. What is refused has to be 503 or
  429 with Retry-After, and soon; after it the peak has to come back. In turns, on one gateway.
* *bulkhead*: accesses that need only the operator, which is well, one after the other with
  `Prefer: wait`: beside a queue of requests that need all of operator, Xelion (takes connections and
  answers nothing) and directory (takes five seconds for every answer); and on a gateway without such a
  queue, in turns.
* *fairness*: accesses of one controller, one after the other, while another has just posted 1,000;
  and before. Eight of the other's are in places at a time and all share one processor, so nine times
  as long would be a fair share where the processor is all that is waited for.

Run: `python bench/pressure.py [--quick] [--only overload|bulkhead|fairness]`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from rig.bodies import UPSTREAMS, Identifiers, requests, strangers
from rig.figures import (
    ROUNDS,
    Goal,
    forget_most,
    options,
    percentile,
    printed,
    ratios,
    resident_mb,
    spread,
)
from rig.load import Load, sent
from rig.programs import Program, black_hole, gateway, lean_upstream, token
from rig.store import reading

CONNECTIONS = 64
AT_ONCE = 1_000  # `limits.at_once` as it is unless set
TIMES = 10
ACCEPTED, CLOSED = 202, 200
_PATIENCE_SECONDS = 300
_LOOK_SECONDS = 0.1
REFUSALS = frozenset({429, 503})
OURS, OTHERS = "libervoice", "mister-voip"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rounds: int
    seconds: float  # of each offer
    connections: int  # while ten times the peak is offered
    queue: int  # requests that wait for upstreams in trouble
    flood: int
    probes: int  # in a round


FULL = Size(ROUNDS, 4, 2 * AT_ONCE, 2_000, 1_000, 30)
QUICK = Size(1, 1, 2 * AT_ONCE, 200, 200, 5)


def main() -> None:
    asked = options(__doc__)
    parts: dict[str, Callable[[Path, Size], tuple[dict[str, Any], list[Goal]]]] = {
        "overload": overload,
        "bulkhead": bulkhead,
        "fairness": fairness,
    }
    asked.add_argument("--only", choices=parts)
    chosen = asked.parse_args()
    figures: dict[str, Any] = {}
    goals: list[Goal] = []
    for name, part in parts.items():
        if chosen.only in {None, name}:
            with tempfile.TemporaryDirectory() as folder:
                figures[name], own = part(Path(folder), QUICK if chosen.quick else FULL)
            goals += own
    printed("pressure", quick=chosen.quick, goals=goals, **figures)


def overload(folder: Path, size: Size) -> tuple[dict[str, Any], list[Goal]]:
    peaks: list[float] = []
    kept: list[float] = []
    refused = Load()
    offered: list[float] = []
    accepted: list[float] = []
    with lean_upstream(folder), gateway(folder) as program:
        calls = requests(token(folder, "requests:access"), strangers(), identified=False)
        sent(program.address, calls, CONNECTIONS, size.seconds / 2)
        before = resident_mb(program.pid)
        forget_most(program.pid)
        for _ in range(size.rounds):
            peaks.append(_accepted(sent(program.address, calls, CONNECTIONS, size.seconds)))
            much = sent(program.address, calls, size.connections, size.seconds, TIMES * peaks[-1])
            kept.append(_accepted(much))
            offered.append(much.per_second)
            accepted += much.millis_of.get(ACCEPTED, [])
            _add(refused, much)
        back = _accepted(sent(program.address, calls, CONNECTIONS, size.seconds))
        most = resident_mb(program.pid, most=True)
    refusals = [one for status in REFUSALS for one in refused.millis_of.get(status, [])]
    told = sum(refused.told_when[status] for status in REFUSALS)
    share = ratios(kept, peaks)
    figures: dict[str, Any] = {
        "peak_per_second": spread(peaks),
        "offered_per_second_per_peak": ratios(offered, peaks, 1),
        "accepted_per_second": spread(kept),
        "accepted_of_the_peak": share,
        "after_it_of_the_peak": round(back / peaks[-1], 3),
        "statuses": dict(refused.statuses),
        "refused_without_retry_after": len(refusals) - told,
        "refused_ms": _waits(refusals),
        "accepted_ms": _waits(accepted),
        "rss_mb_before": before,
        "rss_mb_at_most": most,
    }
    unlike = sum(refused.statuses.values()) - len(accepted) - told
    return figures, [
        Goal("overload_accepted_of_the_peak", "at_least", 0.8, share["median"]),
        Goal("overload_answers_of_another_kind", "at_most", 0, unlike),
        Goal("overload_refused_p99_ms", "at_most", 2_000, figures["refused_ms"]["p99"]),
        Goal("overload_rss_mb_more", "at_most", 150, most - before),
    ]


def _accepted(load: Load) -> float:
    return load.statuses[ACCEPTED] / load.seconds


def _add(to: Load, one: Load) -> None:
    to.statuses += one.statuses
    to.told_when += one.told_when
    for status, millis in one.millis_of.items():
        to.millis_of.setdefault(status, []).extend(millis)


def bulkhead(folder: Path, size: Size) -> tuple[dict[str, Any], list[Goal]]:
    with (
        _gateway(folder / "troubled", in_trouble=True) as troubled,
        _gateway(folder / "well") as well,
    ):
        _accept(troubled, folder / "troubled", size.queue)
        beside, alone = _in_turns(
            size,
            _probed(troubled, folder / "troubled", OURS, ("operator",)),
            _probed(well, folder / "well", OURS, ("operator",)),
        )
        most = resident_mb(troubled.pid, most=True)
    p95 = ratios(_p95(beside), _p95(alone))
    figures = {
        "queued": size.queue,
        "beside_ms": {"median": spread(_p50(beside)), "p95": spread(_p95(beside))},
        "alone_ms": {"median": spread(_p50(alone)), "p95": spread(_p95(alone))},
        "p95_of_alone": p95,
        "rss_mb_at_most": most,
    }
    return figures, [Goal("bulkhead_p95_of_alone", "at_most", 1.2, p95["median"])]


def fairness(folder: Path, size: Size) -> tuple[dict[str, Any], list[Goal]]:
    beside: list[list[float]] = []
    alone: list[list[float]] = []
    with _gateway(folder) as program:
        probe = _probed(program, folder, OTHERS, UPSTREAMS)
        probe(size.probes)
        for _ in range(size.rounds):
            alone.append(probe(size.probes))
            _accept(program, folder, size.flood)
            beside.append(probe(size.probes))
            _until_idle(folder)
    p95 = ratios(_p95(beside), _p95(alone))
    figures = {
        "flood": size.flood,
        "beside_ms": {"median": spread(_p50(beside)), "p95": spread(_p95(beside))},
        "alone_ms": {"median": spread(_p50(alone)), "p95": spread(_p95(alone))},
        "p95_of_alone": p95,
    }
    return figures, [Goal("fairness_p95_of_alone", "at_most", 10, p95["median"])]


def _accept(program: Program, folder: Path, number: int) -> None:
    """Posts accesses that need all three upstreams, as fast as they are accepted."""
    posts = requests(token(folder, "requests:access"), strangers(next(_PEOPLE) * 100_000))
    load = sent(program.address, islice(posts, number), CONNECTIONS)
    if set(load.statuses) != {ACCEPTED}:
        raise SystemExit(f"not all were accepted: {dict(load.statuses)}")


def _probed(
    program: Program, folder: Path, controller: str, upstreams: Sequence[str]
) -> Callable[[int], list[float]]:
    """Carries out so many accesses of a controller, one after the other; their milliseconds."""
    bearer = token(folder, "requests:access", controller=controller)
    posts = requests(bearer, _strangers(), wait=60, upstreams=upstreams)

    def probed(number: int) -> list[float]:
        load = sent(program.address, islice(posts, number), 1)
        if set(load.statuses) != {CLOSED}:
            raise SystemExit(f"not all were closed: {dict(load.statuses)}")
        return load.millis

    return probed


def _strangers() -> Iterator[Identifiers]:
    return strangers(next(_PEOPLE) * 100_000)


_PEOPLE = count(1)


def _in_turns(
    size: Size, beside: Callable[[int], list[float]], alone: Callable[[int], list[float]]
) -> tuple[list[list[float]], list[list[float]]]:
    """Rounds of both; the first of each warms up and does not count."""
    beside(size.probes)
    alone(size.probes)
    rounds = [(beside(size.probes), alone(size.probes)) for _ in range(size.rounds)]
    return [one for one, _ in rounds], [other for _, other in rounds]


def _until_idle(folder: Path) -> None:
    with reading(folder / "avgate.db") as db:
        end = time.monotonic() + _PATIENCE_SECONDS
        while db.execute("SELECT count(*) FROM request WHERE state <> 'closed'").fetchone()[0]:
            if time.monotonic() > end:
                raise SystemExit("not all were closed in time")
            time.sleep(_LOOK_SECONDS)


@contextmanager
def _gateway(folder: Path, *, in_trouble: bool = False) -> Iterator[Program]:
    """A gateway of two controllers; in trouble, Xelion never answers and directory takes its time."""
    folder.mkdir(exist_ok=True)
    slow = folder / "slow"
    slow.mkdir()
    with lean_upstream(folder), lean_upstream(slow, "--latency-ms", "5000"), black_hole() as hole:
        config = (folder / "avgate.toml").read_text()
        if in_trouble:
            config = config.replace(_address(folder, "xelion"), hole)
            config = config.replace(_address(folder, "directory"), _address(slow, "directory"))
        head, _, own = config.partition(f"[controllers.{OURS}]")
        of_others = own.replace(f"[controllers.{OURS}", f"[controllers.{OTHERS}")
        both = f"{head}[controllers.{OURS}]{own}\n[controllers.{OTHERS}]{of_others}"
        (folder / "avgate.toml").write_text(both)
        with gateway(folder, abruptly=True) as program:
            yield program


def _address(folder: Path, name: str) -> str:
    listed = (folder / "addresses").read_text().splitlines()
    return next(line.split()[1] for line in listed if line.startswith(f"{name} "))


def _p50(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [percentile(one, 50) for one in rounds]


def _p95(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [percentile(one, 95) for one in rounds]


def _waits(millis: Sequence[float]) -> dict[str, float]:
    if len(millis) < 2:
        return {"median": 0.0, "p99": 0.0}
    return {"median": round(percentile(millis, 50), 1), "p99": round(percentile(millis, 99), 1)}


if __name__ == "__main__":
    main()
