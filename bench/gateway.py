"""How fast the gateway starts, what it weighs, and how long an access across three upstreams takes.

Prints one JSON object. Upstreams are the mocks with 5 ms of latency each; an access goes from POST
to closed (`Prefer: wait`), one at a time. A stranger costs each upstream a handful of calls; a
customer costs Xelion alone a hundred and more, three at a time as its session bears, for its
documented API has every call in a record of its own and searches them by 28 days: so the goal is of
the stranger. Run it on an idle machine:
`python bench/gateway.py [--rounds 30]`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from socket import socket
from typing import Any

import httpx

BIN = Path(sys.executable).parent
UPSTREAMS = ["operator", "xelion", "directory"]
LATENCY_MS = 5
STRANGER = {
    "identifiers": [
        {"kind": "phone", "value": "+31201234567"},
        {"kind": "email", "value": "nobody@example.org"},
    ]
}
MODEST = (6, 7, 9, 10, 11)  # people by position: nobody with fifty thousand calls
IDENTITY = {"method": "portal", "verified_by": "bench", "verified_at": "2026-01-01T00:00:00Z"}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=30)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, mocks(Path(folder)) as people:
        started = time.perf_counter()
        with gateway(Path(folder)) as (base, pid):
            ready = time.perf_counter() - started
            idle = resident_mb(pid)
            token = access_token(Path(folder))
            of_nobody = timings(base, token, rounds, [STRANGER])
            of_customers = timings(base, token, rounds, people)
            figures = {
                "ready_seconds": round(ready, 2),
                "packages": len(packages("avgate", {"gateway"})),
                "rss_mb_idle": idle,
                "rss_mb_after": resident_mb(pid),
                "access_upstreams": UPSTREAMS,
                "access_latency_ms": LATENCY_MS,
                "access_rounds": rounds,
                "access_of_a_stranger_ms": of_nobody,
                "access_of_a_customer_ms": of_customers,
                "goals": {
                    "ready_seconds": 3,
                    "packages": 70,
                    "rss_mb": 150,
                    "access_of_a_stranger_ms": {"median": 150},
                },
            }
    print(json.dumps(figures, indent=2))


def timings(base: str, token: str, rounds: int, people: list[dict[str, Any]]) -> dict[str, float]:
    """The first few rounds warm connections and sessions up, and do not count."""
    with httpx.Client(base_url=base, timeout=60) as client:
        millis = [access(client, token, people[i % len(people)]) for i in range(rounds + 5)][5:]
    return {
        "median": round(statistics.median(millis), 1),
        "p95": round(statistics.quantiles(millis, n=20)[-1], 1),
    }


@contextmanager
def mocks(folder: Path) -> Iterator[list[dict[str, Any]]]:
    command = [sys.executable, "-m", "avgate_mocks", "--port-base", "0", "--seed", "7"]
    more = ["--latency-ms", str(LATENCY_MS), "--write-config", str(folder / "avgate.toml")]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True) as process:
        try:
            output = iter(process.stdout or [])
            lines = dict(line.split() for line in iter(output.__next__, "ready\n"))
            everyone = httpx.get(lines["operator"] + "/_people").json()["people"]
            yield [everyone[i] for i in MODEST if everyone[i]["controller"] == "libervoice"]
        finally:
            process.terminate()


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[str, int]]:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = ["--config", str(folder / "avgate.toml"), "--port", str(port)]
    with (
        (folder / "serve.log").open("w") as log,
        subprocess.Popen([BIN / "avgate", "serve", *config], stdout=log, stderr=log) as process,
    ):
        base = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(base)
            yield base, process.pid
        finally:
            process.terminate()


def wait_until_ready(base: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(base + "/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise SystemExit("the gateway did not become ready; is another one running?")


def access_token(folder: Path) -> str:
    command = [BIN / "avgate", "token", "--config", folder / "avgate.toml"]
    who = ["--controller", "libervoice", "--client", "bench", "--scope", "requests:access"]
    return subprocess.run(
        [*command, *who], capture_output=True, text=True, check=True
    ).stdout.split()[-1]


def access(client: httpx.Client, token: str, person: dict[str, Any]) -> float:
    """Milliseconds from POST to closed."""
    body = {
        "operation": "access",
        "subject": {"identifiers": person["identifiers"]},
        "identity": IDENTITY,
        "scope": {"connectors": UPSTREAMS},
    }
    headers = {
        "authorization": f"Bearer {token}",
        "idempotency-key": str(uuid.uuid4()),
        "prefer": "wait=30",
    }
    began = time.perf_counter()
    answer = client.post("/v1/requests", json=body, headers=headers)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or answer.json()["state"] != "closed":
        raise SystemExit(f"an access did not close: {answer.status_code}")
    return took


def resident_mb(pid: int) -> float:
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return round(int(match[1]) / 1024, 1) if match else 0.0


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
