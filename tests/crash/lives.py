"""The service, from one life to the next: started, killed at its point, and started again."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from .lane import Lane
from .points import TRACE, Control, passed
from .service import Orders
from .wrong import StuckError

_BACK = 0.2  # processor seconds after which a life has taken up its work
READY_SECONDS = 120.0  # of the machine's; a shared one has slow moments


@dataclass
class Life:
    """One life of the service, from its start to its death."""

    pid: int
    pidfd: int
    number: int
    started: float
    ready_after: float = 0.0
    is_killed: bool = False  # by the run, from outside and at any moment

    def is_over(self) -> bool:
        """Whether all of it is gone: its last thread too, which holds its locks until then."""
        return bool(select.select([self.pidfd], [], [], 0)[0])

    async def over(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self.is_over():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True


def _processor_seconds(pid: int) -> float:
    """What a process has cost so far, which does not depend on what else the machine does."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Lives:
    """A folder, and the service that lives in it, dies in it and is started in it again."""

    lane: Lane
    folder: Path
    outside: httpx.AsyncClient
    addresses: Mapping[str, str]  # of the mocks
    die_at: int = 0
    counts: str = "steps"
    plant: str = ""
    armed_at_once: bool = False
    lives: list[Life] = field(default_factory=list)
    after_death: Callable[[], None] | None = None  # done to the files before it is started again
    reviving: asyncio.Lock = field(default_factory=asyncio.Lock)
    slowest_start: float = 0.0
    die_on: tuple[str, str, int] | None = None  # or at the n-th point of this kind and label
    fault: int = 0  # of the disk, from the start of a life
    away: float = 0.0  # seconds that pass before it is started again
    is_still: bool = False  # time passes only where it is pushed, and not around the death
    doomed: int = 1  # the life that is to end at the point
    traced: list[tuple[str, str]] = field(default_factory=list)  # of that life

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.lane.port}"

    @property
    def control(self) -> Control:
        return Control.open(self.folder)

    def arm(self) -> None:
        """From here on, points count."""
        if self.is_still:
            self.hold_time()
        if len(self.lives) == self.doomed:
            self.control.armed = True

    def launch(self, *, die_at: int = 0, armed: bool = False, **more: Any) -> Life:
        Control.make(self.folder, die_at=die_at, armed=armed, fault=self.fault)
        is_doomed = len(self.lives) + 1 == self.doomed
        orders = Orders(
            folder=str(self.folder),
            time=str(self.lane.folder / "wall"),
            port=self.lane.port,
            counts=self.counts,
            plant=self.plant,
            die_on=self.die_on if is_doomed else None,
            **more,
        )
        pid = int(self.lane.zygote.order(do="serve", orders=asdict(orders))["pid"])
        life = Life(pid, os.pidfd_open(pid), len(self.lives) + 1, time.monotonic())
        self.lives.append(life)
        return life

    async def second_life(self) -> None:
        """Starts it again, with points counted from the first."""
        self.doomed, self.armed_at_once = len(self.lives) + 1, True
        await self.start()
        await self.revive()

    async def start(self, **more: Any) -> None:
        """Starts the service and waits until it is ready or dead."""
        is_first = len(self.lives) + 1 == self.doomed
        armed = self.armed_at_once and is_first
        life = self.launch(die_at=self.die_at if is_first else 0, armed=armed, **more)
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if life.is_over():
                if life.is_killed or (is_first and (self.die_at or self.die_on)):
                    return
                raise StuckError(f"it does not start: {self.log()[-2000:]}")
            try:
                if (await self.outside.get(f"{self.base}/health/ready")).status_code == 200:
                    life.ready_after = _processor_seconds(life.pid)
                    self.slowest_start = max(self.slowest_start, life.ready_after)
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.01)
        raise StuckError(f"not ready after {READY_SECONDS} s: {self.log()[-2000:]}")

    @property
    def life(self) -> Life:
        return self.lives[-1]

    def is_up(self) -> bool:
        return bool(self.lives) and not self.life.is_over()

    def is_just_back(self) -> bool:
        """Whether what was under way at the death may be so still: no time is to pass meanwhile."""
        if not self.is_still or self.life.number != self.doomed + 1:
            return False
        return _processor_seconds(self.life.pid) - self.life.ready_after < _BACK

    async def revive(self) -> None:
        """Starts it again if it is dead, however many callers notice."""
        async with self.reviving:
            if await self.life.over(0.05):
                if self.bury():
                    await self.let_pass(seconds=self.away)
                await self.start()

    def bury(self) -> bool:
        """Notes what the doomed life passed, and lets what a death does to the files be done.

        Whether it was that life.
        """
        if len(self.lives) != self.doomed:
            return False
        self.traced = passed(self.folder)
        (self.folder / TRACE).unlink()
        if self.after_death is not None:
            self.after_death()
        return True

    def hold_time(self) -> None:
        """From here on time passes only where it is pushed."""
        moment = time.monotonic()
        self.lane.time.hold(moment)
        self.lane.wall.hold(moment)

    async def let_pass(self, **span: float) -> None:
        """Time passes for everybody, and what the mocks do by themselves is done."""
        self.lane.time.push(**span)
        self.lane.wall.push(**span)
        order = {"advance_seconds": 0}
        await asyncio.gather(
            *(self.outside.post(f"{at}/_clock", json=order) for at in self.addresses.values())
        )

    def strike(self) -> None:
        """Kills it without waiting, whatever it is at; its start too."""
        self.life.is_killed = True
        with suppress(ProcessLookupError):
            os.kill(self.life.pid, signal.SIGKILL)

    async def kill(self, number: int = signal.SIGKILL, seconds: float = 40) -> None:
        if self.is_up():
            os.kill(self.life.pid, number)
        if not await self.life.over(seconds):
            raise StuckError(f"it does not end after signal {number}")

    def log(self) -> str:
        path = self.folder / "serve.log"
        return path.read_text() if path.exists() else ""

    def trace(self) -> list[tuple[str, str]]:
        """What the doomed life passed."""
        return self.traced or passed(self.folder)

    def cli(self, *arguments: str) -> int:
        order = {"do": "cli", "folder": str(self.folder), "arguments": list(arguments)}
        return int(self.lane.zygote.order(**order)["code"])
