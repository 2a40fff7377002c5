"""`make crash`: thousands of deaths and troubles; prints how it goes, and at the end one JSON object.

python -m tests.crash.command --rounds 3000
python -m tests.crash.command --row kill --operation erase --point 37     one death again
python -m tests.crash.command --row disk_full --seed 4                    one trouble again
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from . import rounds, traced
from .deaths import ROWS, Death, Outcome
from .mounted import may_mount
from .operations import OPERATIONS
from .planted import BUGS
from .rounds import Reference
from .troubles import MOUNTED, TROUBLES
from .wrong import Kind, told

_SHARES = {"kill": 0.5, "kill_at_write": 0.12, "power_cut": 0.13}  # of the rounds
_TROUBLE_SHARE = 0.22
_DEATHS_BY_KERNEL = 0.03
_EVERY = 25
# How long it stays dead, in seconds, and whether time stands still from then on: whoever comes back in
# the same moment finds everything under way, and whoever comes late finds it done.
_MEANWHILE = ((0, False), (0, True), (0, False), (0, True), (3600, False))
Summary = dict[str, Any]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--lanes", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--row", choices=[*ROWS, *TROUBLES, "cuts", "flips", "strace"])
    parser.add_argument("--operation", choices=list(OPERATIONS))
    parser.add_argument("--point", type=int)
    parser.add_argument("--away", type=int, default=0)
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--plant", choices=list(BUGS), default="")
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    for one in (signal.SIGINT, signal.SIGTERM):  # a shell has background jobs ignore the first
        signal.signal(one, signal.default_int_handler)
    summary: Summary = {"rows": {}, "found": dict.fromkeys(Kind, 0), "wrong": []}
    with rounds.lanes(chosen.lanes) as pool:
        try:
            _run(pool, chosen, summary)
        except KeyboardInterrupt:  # what was seen by then is worth its summary
            summary["interrupted"] = True
            pool.shutdown(cancel_futures=True)
    summary["seconds"] = round(time.monotonic() - begun, 1)
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return 1 if summary["wrong"] else 0


def _run(pool: ProcessPoolExecutor, chosen: argparse.Namespace, summary: Summary) -> None:
    names = [chosen.operation] if chosen.operation else list(OPERATIONS)
    for row, share in _SHARES.items():
        if chosen.row in {None, row}:
            number = chosen.rounds if chosen.row else int(chosen.rounds * share)
            _deaths(pool, chosen, row, names, number, summary)
    if chosen.row in {None, *TROUBLES}:
        _troubles(pool, chosen, summary)
    if chosen.row in {None, "cuts"}:
        _cuts(pool, chosen, summary)
    if chosen.row in {None, "flips"}:
        summary["rows"]["flips"] = pool.submit(rounds.flipped, 200, chosen.seed).result()
    if chosen.row in {None, "strace"}:
        _kernel(pool, chosen, summary)


def _deaths(
    pool: ProcessPoolExecutor,
    chosen: argparse.Namespace,
    row: str,
    names: Sequence[str],
    number: int,
    summary: Summary,
) -> None:
    known = _known(pool, names, row, chosen.plant, summary)
    deaths = list(_chosen(row, known, number, chosen))
    _say(f"{row}: {sum(len(k[0]) for k in known.values())} points, {len(deaths)} runs")
    hit: set[tuple[str, int]] = set()
    kinds: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    row_summary = summary["rows"].setdefault(
        row, {"points": {name: len(one[0]) for name, one in known.items()}, "asked": len(deaths)}
    )
    for outcome in rounds.outcomes(pool, deaths, known):
        if outcome.point:
            place = outcome.death.operation, outcome.death.at
            kinds[f"{outcome.death.operation}: {outcome.point.split(' ')[0]}"] += place not in hit
            hit.add(place)
        seen["runs"] += 1
        seen["died"] += bool(outcome.point)
        seen["requests"] += outcome.requests
        seen["effects"] += outcome.effects
        seen["chains_verified"] += not outcome.wrong
        slowest = max(row_summary.get("dearest_start_processor_seconds", 0), outcome.ready)
        row_summary |= {
            **seen,
            "distinct_points_died_at": len(hit),
            "died_at": dict(sorted(kinds.items())),
            "dearest_start_processor_seconds": round(slowest, 2),
        }
        _note(outcome, summary)
        if seen["runs"] % _EVERY == 0:
            so_far = f"{seen['runs']} of {len(deaths)}, {len(hit)} points"
            _say(f"{row}: {so_far}, {len(summary['wrong'])} wrong")


def _known(
    pool: ProcessPoolExecutor, names: Sequence[str], row: str, plant: str, summary: Summary
) -> dict[str, Reference]:
    """The operations that come out as they should while nothing dies; the others are wrong already."""
    known: dict[str, Reference] = {}
    for name, asked in rounds.asked_references(pool, names, ROWS[row], plant).items():
        try:
            known[name] = asked.result()
        except AssertionError as error:
            kind, why = told(error)
            summary["found"][kind] += 1
            summary["wrong"].append({"operation": name, "died_at": "nowhere", "why": why})
            _say(f"WRONG {name}, though nothing died: {why}")
    return known


def _chosen(
    row: str, known: dict[str, Reference], number: int, chosen: argparse.Namespace
) -> Iterator[Death]:
    """The one death that is asked for; or every point in turn, again and again, until it is enough."""
    if chosen.point:
        given = chosen.plant, chosen.seed, None, chosen.away, chosen.still
        yield Death(row, chosen.operation, chosen.point, *given)
        return
    places = [(name, at) for name, one in known.items() for at in range(1, len(one[0]) + 1)]
    step = max(len(places) / number, 1.0)
    for turn in range(number):
        place = int(turn * step + chosen.seed) % len(places)
        away, is_still = _MEANWHILE[turn % len(_MEANWHILE)]
        seed = chosen.seed + turn
        yield Death(row, *places[place], chosen.plant, seed, away=away, is_still=is_still)


def _note(outcome: Outcome, summary: Summary) -> None:
    if outcome.kind:
        summary["found"][outcome.kind] += 1
        again = f"python -m tests.crash.command {outcome.death.to_words()}"
        summary["wrong"].append({"again": again, "died_at": outcome.point, "why": outcome.wrong})
        _say(f"WRONG {outcome.point}: {outcome.wrong}\n  again: {again}")


def _troubles(pool: ProcessPoolExecutor, chosen: argparse.Namespace, summary: Summary) -> None:
    names = [chosen.row] if chosen.row else [n for n in TROUBLES if n not in MOUNTED or may_mount()]
    number = max(int(chosen.rounds * _TROUBLE_SHARE / len(TROUBLES)), 1)
    seeds = [chosen.seed] if chosen.row else range(chosen.seed, chosen.seed + number)
    asked = {pool.submit(rounds.troubled, n, seed): (n, seed) for n in names for seed in seeds}
    for done, one in enumerate(as_completed(asked), 1):
        name, seed = asked[one]
        kind, wrong = one.result()
        row = summary["rows"].setdefault(name, {"runs": 0})
        row["runs"] += 1
        if kind:
            summary["found"][kind] += 1
            again = f"python -m tests.crash.command --row {name} --seed {seed}"
            summary["wrong"].append({"again": again, "why": wrong})
            _say(f"WRONG {name}: {wrong}\n  again: {again}")
        if done % _EVERY == 0:
            _say(f"troubles: {done} of {len(asked)}, {len(summary['wrong'])} wrong")


def _cuts(pool: ProcessPoolExecutor, chosen: argparse.Namespace, summary: Summary) -> None:
    """Ten times as many cuts as rounds: each is a file written and read."""
    asked = [
        pool.submit(rounds.cut, chosen.rounds * 10 // chosen.lanes, chosen.seed + lane)
        for lane in range(chosen.lanes)
    ]
    found = [one.result() for one in asked]
    summary["rows"]["cuts"] = {
        "cuts": sum(one.cuts for one in found),
        "with_something_unsynced": sum(one.torn_back for one in found),
        "promised": found[0].promised,
    }
    summary["wrong"] += [{"why": wrong} for one in found for wrong in one.wrong[:5]]


def _kernel(pool: ProcessPoolExecutor, chosen: argparse.Namespace, summary: Summary) -> None:
    if not traced.is_there():
        _say(traced.INSTALL)
        summary["rows"]["strace"] = {"skipped": traced.INSTALL}
        return
    early = pool.submit(rounds.ordered).result()
    number = max(int(chosen.rounds * _DEATHS_BY_KERNEL), 1)
    seeds = range(chosen.seed, chosen.seed + number)
    died = list(pool.map(rounds.killed_by_kernel, seeds))
    summary["rows"]["strace"] = {"202s_before_sync": len(early), "deaths_by_kernel": number}
    summary["wrong"] += [{"why": f"a 202 left before the sync: {line}"} for line in early]
    summary["wrong"] += [
        {"why": wrong, "again": f"python -m tests.crash.command --row strace --seed {seed}"}
        for seed, wrong in zip(seeds, died, strict=True)
        if wrong
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    sys.exit(main(sys.argv[1:]))
