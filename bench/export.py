"""What the export of 1,000,000 call records and 2 GB of recordings costs, beside a copy by `zipfile`.

Prints one JSON object. Two phases. *copying*: from POST until closed, the operator's records and
recordings go into the sealed copy (the lean upstream invents them while they are read). *package*:
the ZIP is made while it is downloaded, over and over. The goal of throughput is of the package: its
unpacked bytes a second, beside `references/zip_copy.py`, which puts the same files, unpacked
on disk beforehand, into a ZIP that goes down a pipe; both in turns. Memory is the most that the
gateway's process had in each phase, less what it had before the first. Beside the download another
client reads a request's status, over and over, to see whether it still gets its turn.
Run: `python bench/export.py [--quick] [--calls N] [--recordings N] [--megabytes N]`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from zipfile import ZipFile

import uvloop
from rig.bodies import IDENTITY
from rig.figures import (
    ROUNDS,
    Goal,
    cpu_seconds,
    forget_most,
    options,
    percentile,
    printed,
    ratios,
    resident_mb,
    spread,
)
from rig.load import Load, call, send, sent
from rig.programs import BENCH, Program, gateway, lean_upstream, token

RICH_PHONE = "+31850000000"
_PATIENCE_SECONDS = 3600
_LOOK_SECONDS = 0.5
_PIECE = 1024 * 1024


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--calls", type=int)
    asked.add_argument("--recordings", type=int)
    asked.add_argument("--megabytes", type=int)
    asked.add_argument("--rounds", type=int)
    chosen = asked.parse_args()
    quick = chosen.quick
    calls = chosen.calls or (5_000 if quick else 1_000_000)
    recordings = chosen.recordings or (4 if quick else 400)
    megabytes = chosen.megabytes or (10 if quick else 2_000)
    rounds = chosen.rounds or (3 if quick else ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        figures = measured(Path(name), calls, recordings, megabytes, rounds)
    printed(
        "export",
        quick=quick,
        goals=[
            Goal("of_zipfile", "at_least", 0.5, figures["of_zipfile"]["median"]),
            Goal("copying_mib_over_idle", "at_most", 100, figures["copying"]["mib_over_idle"]),
            Goal("package_mib_over_idle", "at_most", 100, figures["package"]["mib_over_idle"]),
        ],
        call_records=calls,
        recordings=recordings,
        recordings_mb=megabytes,
        **figures,
    )


def measured(
    folder: Path, calls: int, recordings: int, megabytes: int, rounds: int
) -> dict[str, Any]:
    held = ("--calls", str(calls), "--recordings", str(recordings), "--megabytes", str(megabytes))
    with lean_upstream(folder, "--latency-ms", "1", *held), gateway(folder) as program:
        bearer = token(folder, "requests:export", "requests:read")
        headers = {"authorization": f"Bearer {bearer}"}
        idle = resident_mb(program.pid)
        forget_most(program.pid)
        own, copying = copied(program, headers, calls)
        copying["mib_over_idle"] = round(resident_mb(program.pid, most=True) - idle, 1)
        copying["mb_per_second"] = round(megabytes / copying["seconds"], 1)
        path = f"/v1/requests/{own}"
        plain = folder / "plain"
        with (folder / "package.zip").open("wb") as file:
            uvloop.run(_downloaded(program.address, f"{path}/package", headers, file))
        with ZipFile(folder / "package.zip") as archive:
            archive.extractall(plain)
        unpacked = sum(p.stat().st_size for p in plain.rglob("*") if p.is_file()) / 1e6
        (folder / "package.zip").unlink()
        forget_most(program.pid)
        ours: list[float] = []
        theirs: list[float] = []
        cpu: list[float] = []
        their_cpu: list[float] = []
        for _ in range(rounds):
            used = cpu_seconds(program.pid)
            begin = time.perf_counter()
            uvloop.run(_downloaded(program.address, f"{path}/package", headers))
            ours.append(unpacked / (time.perf_counter() - begin))
            cpu.append(cpu_seconds(program.pid) - used)
            seconds, used = _zipped(plain)
            theirs.append(unpacked / seconds)
            their_cpu.append(used)
        peak = round(resident_mb(program.pid, most=True) - idle, 1)
        others = uvloop.run(_others(program.address, path, headers))
        alone = sent(program.address, repeat(call("GET", path, headers)), 1, 2)
    return {
        "idle_mib": idle,
        "copying": copying,
        "of_zipfile": ratios(ours, theirs),
        "of_zipfile_in_cpu": ratios(their_cpu, cpu),
        "package": {
            "unpacked_mb": round(unpacked, 1),
            "mb_per_second": spread(ours),
            "cpu_seconds": spread(cpu, 2),
            "mib_over_idle": peak,
        },
        "zipfile": {"mb_per_second": spread(theirs), "cpu_seconds": spread(their_cpu, 2)},
        "status_ms_meanwhile": _waits(others),
        "status_ms_alone": _waits(alone),
    }


def copied(program: Program, headers: dict[str, str], calls: int) -> tuple[str, dict[str, Any]]:
    """Posts the export and waits until it is closed."""
    body = {
        "operation": "export",
        "subject": {"identifiers": [{"kind": "phone", "value": RICH_PHONE}]},
        "identity": IDENTITY,
        "scope": {"connectors": ["operator"]},
    }
    used, begin = cpu_seconds(program.pid), time.perf_counter()
    asked = {**headers, "idempotency-key": "export", "content-type": "application/json"}
    shown = _read(program.address + "/v1/requests", asked, json.dumps(body).encode())
    own = str(shown["id"])
    while shown["state"] != "closed":
        if time.perf_counter() - begin > _PATIENCE_SECONDS:
            raise SystemExit(f"the copy was not made in time: {shown}")
        time.sleep(_LOOK_SECONDS)
        shown = _read(f"{program.address}/v1/requests/{own}", headers)
    [part] = shown["connectors"]
    if sum(part["items"].values()) < calls:
        raise SystemExit(f"not all was copied: {part}")
    seconds = time.perf_counter() - begin
    return own, {
        "seconds": round(seconds, 1),
        "records_per_second": round(calls / seconds),
        "cpu_seconds": round(cpu_seconds(program.pid) - used, 2),
    }


def _read(url: str, headers: dict[str, str], body: bytes | None = None) -> dict[str, Any]:
    asked = Request(url, body, headers)  # noqa: S310 -- a gateway of ours
    with urlopen(asked) as answer:  # noqa: S310 -- a gateway of ours
        shown: dict[str, Any] = json.loads(answer.read())
    return shown


async def _downloaded(address: str, path: str, headers: dict[str, str], file: Any = None) -> int:
    """Reads an answer in chunks to its end; raises SystemExit if it is cut."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=_PIECE)
    writer.write(call("GET", path, headers))
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise SystemExit(f"no package: {head!r}")
    size = 0
    while length := int(await reader.readuntil(b"\r\n"), 16):
        piece = await reader.readexactly(length + 2)
        size += length
        if file is not None:
            file.write(piece[:-2])
    writer.close()
    return size


def _zipped(folder: Path) -> tuple[float, float]:
    """Seconds that the plain copy takes, and of CPU."""
    command: list[str | Path] = [sys.executable, BENCH / "references" / "zip_copy.py", folder]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
        used = 0.0
        while process.stdout.read(_PIECE):
            used = cpu_seconds(process.pid)
    if process.returncode:
        raise SystemExit("the plain copy failed")
    return time.perf_counter() - begin, used


async def _others(address: str, path: str, headers: dict[str, str]) -> Load:
    """How long a status takes while a package is downloaded."""
    download = asyncio.create_task(_downloaded(address, f"{path}/package", headers))
    asked = call("GET", path, headers)
    load = Load()
    while not download.done():
        some = await send(address, repeat(asked, 20), 1)
        load.millis += some.millis
    await download
    return load


def _waits(load: Load) -> dict[str, float]:
    return {
        "median": round(percentile(load.millis, 50), 1),
        "p99": round(percentile(load.millis, 99), 1),
    }


if __name__ == "__main__":
    main()
