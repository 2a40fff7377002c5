"""What a second worker on PostgreSQL is worth where upstreams are slow.

Prints one JSON object. A backlog of accesses of strangers across three upstreams is recorded at once;
then one worker, or two, carry it out. What limits a worker is waiting, for it keeps few connections
to each upstream, and two wait side by side. The ratio is the median of interleaved pairs; CPU is of the
workers alone. Mocks, database and workers share the machine: on two cores latencies below some 100 ms
measure the processors. `python bench/workers.py [--quick] [--rounds 5] [--requests 150]
[--latency-ms 250]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway import intake
from avgate_gateway.assembly import assemble
from avgate_gateway.flow.context import Context
from avgate_gateway.request import IdentityCheck, Scope
from avgate_gateway.settings import load
from avgate_gateway.store.migrations import migrate

sys.path.append(str(Path(__file__).parents[1]))
from tests.flow.cluster import Cluster

UPSTREAMS = ("operator", "xelion", "directory")
OPEN = "SELECT count(*) FROM request WHERE state <> 'closed'"
ALIVE = (
    "SELECT count(*) FROM worker "
    "WHERE beat_at > (extract(epoch from clock_timestamp()) * 1000000)::bigint - 8000000"
)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true", help="one pair, and a small backlog")
    arguments.add_argument("--rounds", type=int)
    arguments.add_argument("--requests", type=int)
    arguments.add_argument("--latency-ms", type=float, default=250)
    asked = arguments.parse_args()
    rounds_asked = asked.rounds or (1 if asked.quick else 5)
    requests = asked.requests or (60 if asked.quick else 150)
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        cluster = Cluster(settings={"fsync": "on"})
        running.callback(cluster.end)
        cluster.start()
        url = cluster.database()
        running.enter_context(mocks(folder, asked.latency_ms))
        config = folder / "avgate.toml"
        text = re.sub(r'(?m)^database = ".*"$', f'database = "{url}"', config.read_text())
        config.write_text(text)
        migrate(url)
        rounds = [
            [carried_out(folder, url, requests, workers) for workers in (1, 2)]
            for _ in range(rounds_asked)
        ]
    ratios = [two["per_second"] / one["per_second"] for one, two in rounds]
    figures = {
        "requests": requests,
        "upstreams": UPSTREAMS,
        "latency_ms": asked.latency_ms,
        "one_worker": [one for one, _ in rounds],
        "two_workers": [two for _, two in rounds],
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 2),
        "goal": {"ratio": 1.7},
    }
    print(json.dumps(figures, indent=2))


def carried_out(folder: Path, url: str, requests: int, workers: int) -> dict[str, float]:
    """Requests per second from the backlog's commit to the last one closed."""
    with ExitStack() as running:
        processes = [running.enter_context(worker(folder)) for _ in range(workers)]
        waited_for(url, ALIVE, workers)
        spent = sum(map(cpu_seconds, processes))
        asyncio.run(recorded(folder, requests))
        began = time.perf_counter()
        waited_for(url, OPEN, 0)
        took = time.perf_counter() - began
        spent = sum(map(cpu_seconds, processes)) - spent
    waited_for(url, ALIVE, 0)
    return {
        "per_second": round(requests / took, 1),
        "cpu_ms_per_request": round(spent / requests * 1000, 1),
    }


def waited_for(url: str, question: str, answer: int) -> None:
    end = time.monotonic() + 300
    with psycopg.connect(url, autocommit=True) as db:  # one connection: opening one costs a process
        while db.execute(question).fetchall() != [(answer,)]:
            if time.monotonic() > end:
                raise SystemExit(f"it does not come to {answer}: {question}")
            time.sleep(0.1)


async def recorded(folder: Path, requests: int) -> None:
    assembled = assemble(load(folder / "avgate.toml", {}))
    context = assembled.context
    try:
        async with context.database.write() as db:
            for number in range(requests):
                request, person = intake.drafted(context, asked_for(context, number))
                await intake.record(db, context, request, person)
    finally:
        for client in assembled.clients:
            await client.aclose()
        await context.database.close()


def asked_for(context: Context, number: int) -> intake.Asked:
    return intake.Asked(
        controller="libervoice",
        client_id="bench",
        operation=Operation.ACCESS,
        identifiers=(
            Identifier(IdentifierKind.PHONE, f"+3120{1000000 + number}"),
            Identifier(IdentifierKind.EMAIL, f"nobody-{number}@example.org"),
        ),
        identity=IdentityCheck("portal", "bench", context.now()),
        scope=Scope(frozenset(UPSTREAMS), frozenset()),
    )


@contextmanager
def mocks(folder: Path, latency_ms: float) -> Iterator[None]:
    command = [sys.executable, "-m", "avgate_mocks", "--port-base", "0", "--seed", "7"]
    more = ["--latency-ms", str(latency_ms), "--write-config", str(folder / "avgate.toml")]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True) as process:
        try:
            while (process.stdout or sys.stdin).readline() != "ready\n":
                pass
            yield
        finally:
            process.terminate()


@contextmanager
def worker(folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "avgate_gateway.cli", "work", "--config", "avgate.toml"]
    with (
        (folder / "work.log").open("a") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process,
    ):
        try:
            yield process.pid
        finally:
            process.terminate()


def cpu_seconds(pid: int) -> float:
    told: list[Any] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / 100


if __name__ == "__main__":
    main()
