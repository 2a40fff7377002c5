"""What a large package costs: memory over idle, seconds, and the longest time nobody else had a turn.

Run: `python bench/package_memory.py [--quick] [--records 50000] [--megabytes 200]`; prints one line of
JSON.
The records (about 400 bytes of JSON each) and the recordings are invented while they are read, so
what is measured is the making of the package.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.package import (
    File,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    columns_of,
    stream_package,
)

RECORDING_MEGABYTES = 5
TICK_SECONDS = 0.001


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a tenth of it")
    asked.add_argument("--records", type=int)
    asked.add_argument("--megabytes", type=int)
    options = asked.parse_args()
    records = options.records or (5_000 if options.quick else 50_000)
    megabytes = options.megabytes or (20 if options.quick else 200)
    print(json.dumps(asyncio.run(measure(records, megabytes))))


async def measure(records: int, megabytes: int) -> dict[str, float]:
    idle = memory("VmRSS")
    stalls: list[float] = []
    ticking = asyncio.create_task(tick(stalls))
    started, processor = time.perf_counter(), time.process_time()
    size = 0
    async with aclosing(stream_package(head(), [calls(records)], recordings(megabytes))) as body:
        async for piece in body:
            size += len(piece)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    ticking.cancel()
    return {
        "records": records,
        "record_bytes": len(json.dumps(call(0))),
        "recordings_mb": megabytes,
        "package_mb": round(size / 1e6, 1),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(processor, 2),
        "idle_mb": round(idle / 1024, 1),
        "peak_over_idle_mb": round((memory("VmHWM") - idle) / 1024, 1),
        "longest_stall_ms": round(max(stalls) * 1000, 1),
        "stall_p99_ms": round(sorted(stalls)[int(len(stalls) * 0.99)] * 1000, 1),
    }


async def tick(stalls: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        stalls.append(time.perf_counter() - before - TICK_SECONDS)


def memory(row: str) -> int:
    """A row of /proc/self/status in KiB: VmRSS is memory in use now, VmHWM the most there was."""
    found = re.search(rf"{row}:\s+(\d+)", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("this measurement reads /proc/self/status: run it on Linux")
    return int(found[1])


def head() -> PackageHead:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    note = SystemNote("operator", "Operator", SystemOutcome.COMPLETED)
    return PackageHead("bench", Operation.ACCESS, "Bench B.V.", "nl", moment, moment, [note])


def calls(records: int) -> Section:
    async def rows() -> AsyncIterator[Mapping[str, Json]]:
        for number in range(records):
            yield call(number)

    category = Category.COMMUNICATION_METADATA
    columns = columns_of([call(0)])
    return Section("operator", category, Product.VOICE, records, columns, rows)


def call(number: int) -> dict[str, Json]:
    chance = random.Random(number)  # noqa: S311 -- invented records, the same each time
    return {
        "id": f"{chance.getrandbits(64):016x}",
        "usageDate": f"2026-01-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:11Z",
        "usageType": "VOICE",
        "status": "rated",
        "description": "Gesprek naar vast nummer, binnen de bundel",
        "ratedUsage": {"amount": {"unit": "EUR", "value": round(chance.random(), 4)}, "tax": 21},
        "origin": {"number": f"+3185{chance.randrange(10**7):07}", "cell": chance.randrange(10**5)},
        "destination": {"number": f"+3120{chance.randrange(10**7):07}", "country": "NL"},
        "seconds": chance.randrange(3600),
        "tags": ["outgoing", "bundle"],
    }


async def recordings(megabytes: int) -> AsyncIterator[File]:
    sound = random.Random(1).randbytes(1_000_000)  # noqa: S311 -- as incompressible as audio

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(RECORDING_MEGABYTES):
            yield sound

    for number in range(megabytes // RECORDING_MEGABYTES):
        name = f"gesprek {number}.mp3"
        yield File("operator", Category.RECORDING, name, "audio/mpeg", chunks)


if __name__ == "__main__":
    main()
