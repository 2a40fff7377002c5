"""`avgate serve` with points counted: the same parts, put together as it puts them together."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from avgate_contracts.http import Runtime
from avgate_gateway.alone import alone
from avgate_gateway.assembly import assemble
from avgate_gateway.cli.logs import configure
from avgate_gateway.cli.serving import _listening
from avgate_gateway.settings import load

from . import disk, planted
from .lane_time import FastLoop, LaneTime, monotonic
from .points import Points
from .steps import CountedApp, CountedTransport, count_commits


@dataclass(frozen=True, slots=True)
class Orders:
    """How to serve: sent as JSON, so plain values only."""

    folder: str
    time: str
    port: int
    counts: str = "steps"  # or "disk"
    plant: str = ""  # a bug by name
    die_on: Sequence[Any] | None = None  # kind, part of the label, which of them


def serve(orders: Orders) -> None:
    """Runs until SIGTERM, or until its point has come."""
    folder = Path(orders.folder)
    os.chdir(folder)
    log = os.open("serve.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    points = Points.open(folder, orders.die_on)
    noted = disk.install(points, folder) if orders.counts == "disk" else _nobody
    if orders.counts == "steps":
        count_commits(points)
    planted.plant(orders.plant)
    configure()
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(_serve(orders, points, noted))


def _nobody(_told: str) -> None:
    """Nothing is recorded, so nothing has to be marked in the record."""


async def _serve(orders: Orders, points: Points, noted: Callable[[str], None]) -> None:
    settings = load(Path("avgate.toml"), {})
    shared = LaneTime(Path(orders.time))
    runtime = Runtime(
        transport=lambda: CountedTransport(points, counts=orders.counts == "steps"),
        now=shared.now,
        monotonic=monotonic,
    )
    with _listening("127.0.0.1", orders.port) as listening:
        async with alone(settings.database):
            assembled = assemble(settings, runtime)
            server = uvicorn.Server(
                uvicorn.Config(
                    CountedApp(assembled.app(), points, noted),
                    http="httptools",
                    loop="none",
                    access_log=False,
                    server_header=False,
                    log_config=None,
                    timeout_graceful_shutdown=20,
                )
            )
            await server.serve(sockets=[listening])
