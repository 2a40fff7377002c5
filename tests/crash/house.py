"""One run's world: fresh mocks, an empty store, a service that dies and is started again."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.people import UPSTREAMS, Person
from avgate_mocks.upstreams import MOCKS, running
from avgate_mocks.world import World, world

from ..flow.harness import EVERYTHING, JsonMap, bearer, token
from ..flow.process import free_port
from .lane_time import LaneTime
from .points import TRACE, Control, passed
from .service import Orders

ROOT = Path(__file__).parent.parent.parent
SEED, PEOPLE = 3, 17
READY_SECONDS = 120.0  # of the machine's; a shared one has slow moments
_UNSHARED = httpx.Limits(max_keepalive_connections=0)  # one of them may be to the dead
_STEP = 1.5  # seconds that are pushed between two looks
Holds = dict[str, dict[str, dict[str, int]]]


class StuckError(AssertionError):
    """What was to come about did not."""


@dataclass
class Zygote:
    """The forking process; one per lane."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, temporary: Path) -> Zygote:
        command = [sys.executable, "-m", "tests.crash.zygote"]
        environment = {
            **os.environ,
            "PYDANTIC_DISABLE_PLUGINS": "true",
            "TMPDIR": str(temporary),
        }
        return cls(
            subprocess.Popen(  # noqa: S603 -- our own command
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def order(self, **what: Any) -> JsonMap:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: JsonMap = json.loads(self.process.stdout.readline() or "{}")
        if not answer:
            raise StuckError("the zygote is gone")
        return answer

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@dataclass
class Lane:
    """A place for one run after another: a zygote, a time, a folder, and a prepared store."""

    folder: Path
    zygote: Zygote
    time: LaneTime  # as it is
    wall: LaneTime  # as the service has it
    port: int = field(default_factory=free_port)

    @classmethod
    def open(cls, folder: Path) -> Lane:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / "temporary"
        temporary.mkdir(exist_ok=True)
        return cls(
            folder,
            Zygote.start(temporary),
            LaneTime.make(folder / "time"),
            LaneTime.make(folder / "wall"),
        )

    @property
    def template(self) -> Path:
        """A store as a service leaves it that was started once; without it, every run makes its own."""
        return self.folder / "template"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def close(self) -> None:
        self.zygote.end()


@dataclass
class Life:
    """One life of the service, from its start to its death."""

    pid: int
    pidfd: int
    number: int
    started: float
    ready_after: float = 0.0

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


@dataclass
class House:
    """What an operation is played in."""

    lane: Lane
    folder: Path
    world: World
    addresses: Mapping[str, str]
    die_at: int
    counts: str
    plant: str
    armed_at_once: bool
    outside: httpx.AsyncClient
    before: Holds = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    acks: dict[str, set[str]] = field(default_factory=dict)  # ids answered, by key
    bodies: dict[str, JsonMap] = field(default_factory=dict)  # what was asked, by request id
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    refusals: list[tuple[int, str]] = field(default_factory=list)  # answers of 5xx
    after_death: Callable[[], None] | None = None  # done to the files before it is started again
    reviving: asyncio.Lock = field(default_factory=asyncio.Lock)
    clocks_agree: bool = True
    disk_failed: bool = False
    slowest_start: float = 0.0
    die_on: tuple[str, str, int] | None = None  # or at the n-th point of this kind and label
    fault: int = 0  # of the disk, from the start of a life
    doomed: int = 1  # the life that is to end at the point
    traced: list[tuple[str, str]] = field(default_factory=list)  # of that life

    # -- the service ------------------------------------------------------------------------------

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.lane.port}"

    @property
    def control(self) -> Control:
        return Control.open(self.folder)

    def arm(self) -> None:
        """From here on, points count."""
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
                if is_first and (self.die_at or self.die_on):
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

    async def revive(self) -> None:
        """Starts it again if it is dead, however many callers notice."""
        async with self.reviving:
            if await self.life.over(0.05):
                self.bury()
                await self.start()

    def bury(self) -> None:
        """Notes what the doomed life passed, and lets what a death does to the files be done."""
        if len(self.lives) != self.doomed:
            return
        self.traced = passed(self.folder)
        (self.folder / TRACE).unlink()
        if self.after_death is not None:
            self.after_death()

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

    # -- callers ----------------------------------------------------------------------------------

    def client(self, name: str = "portal") -> httpx.AsyncClient:
        if name not in self.clients:
            key = token(self.folder / "avgate-token.jwk", "libervoice", name, EVERYTHING)
            self.clients[name] = httpx.AsyncClient(
                base_url=self.base, headers=bearer(key), timeout=60
            )
        return self.clients[name]

    async def call(
        self, method: str, path: str, client: str = "portal", **more: Any
    ) -> httpx.Response:
        """Calls until there is an answer: a caller that gets none repeats itself."""
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                answer = await self.client(client).request(method, path, **more)
                in_use = answer.status_code == 409 and "idempotency" in answer.text
                if answer.status_code < 500 and not in_use:
                    return answer
                self.refusals.append((answer.status_code, path))
                await asyncio.sleep(0.05)
            except httpx.TransportError:
                await self.revive()
            if time.monotonic() > end:
                raise StuckError(f"{method} {path} is never answered")

    async def post(
        self, path: str, body: object = None, client: str = "portal", **headers: str
    ) -> JsonMap:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.call("POST", path, client, json=body, headers=named)
        assert answer.status_code < 300, f"{path} {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    async def submit(self, body: JsonMap, key: str = "one", client: str = "portal") -> str:
        shown = await self.post("/v1/requests", body, client, idempotency_key=key)
        request_id = str(shown["id"])
        self.acks.setdefault(key, set()).add(request_id)
        self.bodies[request_id] = body
        return request_id

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, f"{path} {answer.status_code} {answer.text}"
        return answer.json()

    async def request(self, request_id: str) -> JsonMap:
        return dict(await self.get(f"/v1/requests/{request_id}"))

    async def report(self, request_id: str) -> list[JsonMap]:
        return list((await self.get(f"/v1/requests/{request_id}/report"))["items"])

    async def until(self, told: Callable[[], Any], looks: int = 300) -> Any:
        """What is told once it is something; time passes between two looks."""
        for look in range(looks):
            found = await told()
            if found:
                return found
            if look % 3 == 2:
                await self.let_pass(seconds=_STEP)
            await asyncio.sleep(0.03)
        raise StuckError("nothing came of it")

    async def when(self, request_id: str, *ends: str) -> JsonMap:
        """The request once its state or what it waits for is one of these."""
        shown: JsonMap = {}

        async def told() -> bool:
            nonlocal shown
            shown = await self.request(request_id)
            return bool({shown["state"], shown["waiting_for"]} & set(ends))

        try:
            await self.until(told)
        except StuckError:
            parts = [(c["connector"], c["stage"], c.get("reason")) for c in shown["connectors"]]
            state = shown["state"], shown["waiting_for"]
            raise StuckError(f"it is {state} and not {ends}: {parts}") from None
        return shown

    async def ended(self, request_id: str) -> JsonMap:
        return await self.when(request_id, "closed", "person")

    async def all_ended(self) -> None:
        """Every request that was answered comes to its end."""
        for request_id, body in self.bodies.items():
            if body["operation"] in {"erase", "rectify"}:
                await self.approve(request_id)
            await self.ended(request_id)

    async def let_run(self, seconds: float) -> None:
        """Lets the machine's time pass, in which whatever is under way gets on."""
        await asyncio.sleep(seconds)

    async def approve(self, request_id: str) -> None:
        shown = await self.when(request_id, "approval", "closed", "person")
        if shown["waiting_for"] == "approval":
            body = {"plan_digest": shown["plan"]["digest"], "decision": "approve"}
            await self.post(f"/v1/requests/{request_id}/approval", body, "colleague")

    async def let_pass(self, **span: float) -> None:
        """Time passes for everybody, and what the mocks do by themselves is done."""
        self.lane.time.push(**span)
        self.lane.wall.push(**span)
        order = {"advance_seconds": 0}
        await asyncio.gather(
            *(self.outside.post(f"{at}/_clock", json=order) for at in self.addresses.values())
        )

    # -- the truth --------------------------------------------------------------------------------

    async def holds(self) -> Holds:
        """What each upstream holds of each person."""
        found: Holds = {}
        for name, address in self.addresses.items():
            people = (await self.outside.get(f"{address}/_people")).json()["people"]
            found[name] = {
                one["id"]: {c: n for c, n in one["holds"].items() if n} for one in people
            }
        return found

    async def ledger(self, name: str) -> list[JsonMap]:
        found = (await self.outside.get(f"{self.addresses[name]}/_ledger")).json()
        return list(found["effects"])

    def person(self, number: int) -> Person:
        return self.world.people[number - 1]


@asynccontextmanager
async def house(
    lane: Lane,
    *,
    die_at: int = 0,
    counts: str = "steps",
    plant: str = "",
    names: Iterable[str] = UPSTREAMS,
    more: str = "",
    public: bool = False,
    bare: bool = False,
    armed_at_once: bool = False,
) -> AsyncIterator[House]:
    """Fresh mocks and a folder with a store that was never used, or `bare`, with none."""
    lane.time.restart()
    lane.wall.restart()
    shared = world(seed=SEED, count=PEOPLE, now=lane.time.now)
    folder = lane.folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    if bare:
        folder.mkdir()
    else:
        shutil.copytree(lane.template, folder)
    async with (
        running(shared, tuple(names)) as addresses,
        httpx.AsyncClient(timeout=60, limits=_UNSHARED) as outside,
    ):
        ports = {name: int(address.rsplit(":", 1)[1]) for name, address in addresses.items()}
        config = gateway_config(shared, MOCKS, ports) + more
        url = f'public_url = "http://127.0.0.1:{lane.port}"\n' if public else ""
        (folder / "avgate.toml").write_text(url + config)
        made = House(lane, folder, shared, addresses, die_at, counts, plant, armed_at_once, outside)
        made.before = await made.holds()
        try:
            yield made
        finally:
            for client in made.clients.values():
                await client.aclose()
            if made.lives:
                await made.kill()
            for life in made.lives:
                os.close(life.pidfd)


async def prepare(lane: Lane) -> None:
    """Makes the store that every run begins with."""
    shutil.rmtree(lane.template, ignore_errors=True)
    async with house(lane, bare=True) as made:
        await made.start()
        await made.kill(signal.SIGTERM)
        shutil.copytree(made.folder, lane.template)
    for name in ("serve.log", "trace", "control", "writes", "avgate.toml"):
        (lane.template / name).unlink(missing_ok=True)
