"""What accepting, reading and listing cost at 1,000,000 closed requests, beside 1,000.

Prints one JSON object. Two gateways run side by side, each with a database of its own that was
filled beforehand (`rig/filling.py`, the same three years, closely or thinly). Call after call goes
to one and to the other, one at a time. *cost* is the CPU time of the gateway for a call; the goal is
of the median of the rounds' ratios. Beside it the time a call takes, the start until ready, and the
CPU of a second of sweeping with nothing due: if that of the large one is more than a few milliseconds,
something is done there meanwhile, and counted as the cost of calls. The large database is kept if
`--keep` names a folder, for making it takes minutes. Run: `python bench/growth.py [--quick] [--keep FOLDER]`.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from rig.bodies import requests, strangers
from rig.figures import (
    ROUNDS,
    Goal,
    cpu_seconds,
    options,
    percentile,
    precise_cpu_seconds,
    printed,
    ratios,
    resident_mb,
    spread,
)
from rig.filling import fill
from rig.load import call, sent
from rig.programs import Program, gateway, lean_upstream, token
from rig.store import reading

from avgate_gateway.api.answering import to_cursor

SMALL, LARGE, LARGE_QUICK = 1_000, 1_000_000, 20_000
LIMIT = 1.2
_SWEEP_SECONDS, _SWEEP_SECONDS_QUICK = 10, 2


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--keep", type=Path, help="where the large database stays, or is")
    asked.add_argument("--calls", type=int, help="of each kind in a round")
    asked.add_argument("--large", type=int, help="requests in the large database")
    chosen = asked.parse_args()
    large = chosen.large or (LARGE_QUICK if chosen.quick else LARGE)
    calls = chosen.calls or (6 if chosen.quick else 40)
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as other:
        folder = chosen.keep or Path(other)
        seconds = {"small": filled(Path(small), SMALL), "large": filled(folder, large)}
        sweeping = _SWEEP_SECONDS_QUICK if chosen.quick else _SWEEP_SECONDS
        figures = measured(Path(small), folder, calls, sweeping)
    printed(
        "growth",
        quick=chosen.quick,
        goals=[
            Goal(name, "at_most", LIMIT, told["cost_ratio"]["median"])
            for name, told in figures["calls"].items()
        ],
        requests={"small": SMALL, "large": large},
        seconds_to_fill=seconds,
        calls_per_round=calls,
        **figures,
    )


def filled(folder: Path, count: int) -> float:
    folder.mkdir(exist_ok=True)
    begin = time.perf_counter()
    if not (folder / "avgate.db").exists():
        fill(folder, count, datetime.now(UTC))
    return round(time.perf_counter() - begin, 1)


def measured(small: Path, large: Path, calls: int, sweeping: int) -> dict[str, Any]:
    with lean_upstream(small), lean_upstream(large):
        ready = {}
        for name, folder in (("small", small), ("large", large)):
            with gateway(folder) as once:
                ready[name] = round(once.ready_seconds, 2)
        with gateway(small) as few, gateway(large) as many:
            sweep = {"small": _sweep(few, sweeping), "large": _sweep(many, sweeping)}
            told = {}
            of_few, of_many = _calls(few, small), _calls(many, large)
            for name, some in of_few.items():
                told[name] = _compared(few, some, many, of_many[name], calls)
            rss = {"small": resident_mb(few.pid), "large": resident_mb(many.pid)}
    return {
        "calls": told,
        "ready_seconds": ready,
        "sweep_cpu_ms_per_second": sweep,
        "rss_mb": rss,
    }


def _sweep(program: Program, seconds: int) -> float:
    time.sleep(1)
    before = cpu_seconds(program.pid)
    time.sleep(seconds)
    return round((cpu_seconds(program.pid) - before) * 1000 / seconds, 1)


def _compared(
    few: Program, of_few: Iterator[bytes], many: Program, of_many: Iterator[bytes], calls: int
) -> dict[str, Any]:
    cost: dict[str, list[float]] = {"small": [], "large": []}
    millis: dict[str, list[float]] = {"small": [], "large": []}
    for place in range(ROUNDS + 1):
        for name, program, some in (("small", few, of_few), ("large", many, of_many)):
            before = precise_cpu_seconds(program.pid)
            load = sent(program.address, islice(some, calls), 1)
            if not set(load.statuses) <= {200, 202}:
                raise SystemExit(f"{dict(load.statuses)}")
            if place:
                cost[name].append((precise_cpu_seconds(program.pid) - before) * 1000 / calls)
                millis[name].append(percentile(load.millis, 50))
    return {
        "cost_ratio": ratios(cost["large"], cost["small"], 2),
        "time_ratio": ratios(millis["large"], millis["small"], 2),
        "cpu_ms": {name: spread(values, 2) for name, values in cost.items()},
        "median_ms": {name: spread(values, 2) for name, values in millis.items()},
    }


def _calls(program: Program, folder: Path) -> dict[str, Iterator[bytes]]:
    """Each kind of call, for ever."""
    bearer = token(folder, "requests:access", "requests:read")
    headers = {"authorization": f"Bearer {bearer}"}
    with reading(folder / "avgate.db") as db:
        ids = [row[0] for row in db.execute("SELECT id FROM request LIMIT 200")]
        reference = db.execute("SELECT reference FROM request LIMIT 1").fetchone()[0]
        middle = _middle(db)
    today = datetime.now(UTC).date()
    lists = {
        "list_first_page": "",
        "list_closed": "state=closed",
        "list_waiting": "state=waiting",
        "list_running": "state=running",
        "list_erasures": "operation=erase",
        "list_objections": "operation=object",
        "list_waiting_erasures": "state=waiting&operation=erase",
        "list_of_a_connector": "connector=operator",
        "list_of_a_rare_connector": "connector=subprocessors",
        "list_of_no_connector": "connector=nowhere",
        "list_due": f"due={today.isoformat()}",
        "list_overdue": f"due={today.isoformat()}&state=waiting",
        "list_due_long_ago": f"due={(today - timedelta(days=1200)).isoformat()}",
        "list_reference": f"reference={reference}",
        "list_deep": f"cursor={_cursor(program, headers, middle)}",
    }
    one = [call("GET", f"/v1/requests/{own}", headers) for own in ids]
    return {
        "accept": requests(bearer, strangers(), identified=False),
        "status": cycle(one),
        **{
            name: cycle([call("GET", f"/v1/requests?limit=20&{query}", headers)])
            for name, query in lists.items()
        },
    }


def _middle(db: Any) -> str:
    """The id in the middle of the years."""
    least, most = db.execute("SELECT min(received_at), max(received_at) FROM request").fetchone()
    found = db.execute(
        "SELECT id FROM request WHERE controller = 'libervoice' AND received_at >= ?"
        " ORDER BY received_at LIMIT 1",
        [(least + most) // 2],
    )
    return str(found.fetchone()[0])


def _cursor(program: Program, headers: dict[str, str], own: str) -> str:
    """The place after a request, as the API words it."""
    asked = Request(f"{program.address}/v1/requests/{own}", headers=headers)  # noqa: S310 -- our own
    with urlopen(asked) as answer:  # noqa: S310 -- our own
        received = json.loads(answer.read())["received_at"]
    return to_cursor(datetime.fromisoformat(received), own)


if __name__ == "__main__":
    main()
