"""The real thing on loopback: mocks and a gateway as processes, callers over HTTP, and the truth."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

import httpx

from avgate_gateway.authentication import Scope, mint, open_signing_key
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import UPSTREAMS, Person

from .forked import Forked
from .process import Process, free_port

T = TypeVar("T")
JsonMap = dict[str, Any]
IDENTITY = {"method": "portal", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
AVGATE = (sys.executable, "-m", "avgate_gateway.cli")
EVERYTHING = tuple(scope for scope in Scope if scope is not Scope.ADMIN)


def until(told: Callable[[], T | None], seconds: float = 30, *, every: float = 0.1) -> T:
    """The first thing told that is neither None nor False; the one place where tests wait."""
    end = time.monotonic() + seconds
    while True:
        answer = told()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"nothing came of it within {seconds} seconds")
        time.sleep(every)


def _is_order(name: str, effect: JsonMap) -> bool:
    """Whether it is one of several orders to one address: the directory takes one for a listing."""
    return name == "directory" and effect["kind"] == "order"


@dataclass
class Mocks:
    """The four upstreams, and what is true there."""

    process: Process
    config: Path
    everyone: tuple[Person, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, verify=NO_TLS))

    def start(self) -> None:
        self.process.start()
        self.addresses = until(self._said)

    def end(self) -> None:
        self.http.close()
        self.process.end()

    def _said(self) -> Mapping[str, str] | None:
        assert self.process.alive(), self.process.log.read_text()
        lines = self.process.log.read_text().splitlines()
        if "ready" not in lines:
            return None
        return dict(line.split() for line in lines if line.startswith(UPSTREAMS))

    def holds(self, name: str) -> dict[str, dict[str, int]]:
        """What one upstream holds now: counts by category, by person."""
        people = self.http.get(f"{self.addresses[name]}/_people").json()["people"]
        return {
            one["id"]: {category: n for category, n in one["holds"].items() if n} for one in people
        }

    def truth(self, names: Iterable[str] = UPSTREAMS) -> dict[str, dict[str, dict[str, int]]]:
        return {name: self.holds(name) for name in names}

    def effects(self, name: str, subject: str | None = None) -> list[JsonMap]:
        ledger = self.http.get(f"{self.addresses[name]}/_ledger").json()
        found: list[JsonMap] = ledger["effects"]
        return [one for one in found if subject in {None, one["subject"]}]

    def twice(self, subject: str, names: Iterable[str] = UPSTREAMS) -> list[tuple[str, ...]]:
        """What took effect on somebody's data more than once; orders are told apart by their key."""
        done = Counter(
            (name, one["kind"], one["idempotency_key"] if _is_order(name, one) else one["path"])
            for name in names
            for one in self.effects(name, subject)
            if one["kind"] in {"delete", "anonymise", "delist", "order"}
        )
        return [effect for effect, times in done.items() if times > 1]

    def plant(self, name: str, *rules: JsonMap, mood: str | None = None) -> None:
        body = {"rules": list(rules), **({"mood": mood} if mood else {})}
        self.http.post(f"{self.addresses[name]}/_faults", json=body).raise_for_status()

    def left(self, name: str) -> list[JsonMap]:
        """The planted faults that nobody has met yet."""
        rules: list[JsonMap] = self.http.get(f"{self.addresses[name]}/_faults").json()["rules"]
        return rules

    def move(self, name: str, **to: Any) -> None:
        self.http.post(f"{self.addresses[name]}/_clock", json=to).raise_for_status()


@dataclass
class Served:
    """`avgate serve` as a process of its own."""

    folder: Path
    name: str = "serve"  # of its log, where several serve from one folder
    config: str = "avgate.toml"
    environment: dict[str, str] = field(default_factory=dict)
    is_cold: bool = False
    port: int = field(default_factory=free_port)
    callers: list[Caller] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = ["serve", "--config", self.config, "--port", str(self.port)]
        log = self.folder / f"{self.name}.log"
        self.process = Process(
            [*AVGATE, *command], self.folder, log, self.environment, self.is_cold
        )

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process.start()
        until(self.ready, 60)

    def ready(self) -> bool:
        assert self.process.alive(), self.log()
        try:
            return httpx.get(f"{self.base}/health/ready", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return self.process.log.read_text()

    def memory(self, name: str = "VmHWM") -> int:
        """Resident bytes of the process: VmRSS now, VmHWM at most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024

    def caller(self, controller: str, client: str, scopes: Iterable[Scope] = EVERYTHING) -> Caller:
        made = token(self.folder / "avgate-token.jwk", controller, client, scopes)
        self.callers.append(
            Caller(
                httpx.Client(base_url=self.base, headers=bearer(made), timeout=90, verify=NO_TLS)
            )
        )
        return self.callers[-1]

    def end(self) -> None:
        for caller in self.callers:
            caller.http.close()
        self.process.end()


def token(key_file: Path, controller: str, client: str, scopes: Iterable[Scope]) -> str:
    return mint(
        open_signing_key(key_file),
        issuer="avgate",
        audience="avgate",
        controller=controller,
        client=client,
        scopes=scopes,
        lifetime=3600,
        now=time.time(),
    )


def command(folder: Path, *words: str) -> tuple[int, str]:
    """A command of ours, from its start to its end: its exit code, and what it said."""
    with NamedTemporaryFile() as said:
        process = Process([*AVGATE, *words], folder, Path(said.name))
        process.start()
        return process.ended(), Path(said.name).read_text()


def ran(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The same, with what it answered and what it complained of apart."""
    with NamedTemporaryFile() as out, NamedTemporaryFile() as err:
        told, wrong = Path(out.name), Path(err.name)
        own = {**os.environ, **(environment or {})}
        code = Forked.start([*AVGATE, *words], folder, told, own, wrong).wait(120)
        return subprocess.CompletedProcess(words, code, told.read_text(), wrong.read_text())


def bearer(made: str) -> dict[str, str]:
    return {"authorization": f"Bearer {made}"}


def known_by(person: Person) -> JsonMap:
    return {"identifiers": [one.as_json() for one in person.identifiers()]}


def a_request(operation: str, person: Person, *connectors: str, **more: Any) -> JsonMap:
    """A body that asks for an operation for a person; `identity=None` leaves identity open."""
    body = {"operation": operation, "subject": known_by(person), "identity": IDENTITY, **more}
    if connectors:
        body["scope"] = {"connectors": list(connectors)}
    return {name: value for name, value in body.items() if value is not None}


@dataclass
class Caller:
    """One client of the gateway."""

    http: httpx.Client

    def post(
        self, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["idempotency-key"] = key
        return self.http.post(path, json=body, headers=named)

    def submit(self, body: JsonMap, *, key: str | None = None, **headers: str) -> JsonMap:
        answer = self.post("/v1/requests", body, key=key or str(uuid.uuid4()), **headers)
        assert answer.status_code in {200, 202}, answer.text
        return dict(answer.json())

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path} {answer.status_code} {answer.text}"
        return answer.json()

    def request(self, request_id: str) -> JsonMap:
        return dict(self.get(f"/v1/requests/{request_id}"))

    def of(self, request_id: str, part: str) -> Any:
        return self.get(f"/v1/requests/{request_id}/{part}")

    def when(self, request_id: str, *ends: str, seconds: float = 40) -> JsonMap:
        """The request, once its state or what it waits for is one of these."""

        def told() -> JsonMap | None:
            shown = self.request(request_id)
            return shown if {shown["state"], shown["waiting_for"]} & set(ends) else None

        return until(told, seconds)

    def when_ended(self, request_id: str, seconds: float = 40) -> JsonMap:
        """The request, once nothing more happens by itself."""
        return self.when(request_id, "closed", "person", seconds=seconds)

    def report(self, request_id: str) -> list[JsonMap]:
        return list(self.of(request_id, "report")["items"])

    def events(self, request_id: str) -> list[str]:
        return [entry["event"] for entry in self.of(request_id, "evidence")["items"]]

    def tasks(self, request_id: str, state: str = "open") -> list[JsonMap]:
        listed = self.get(f"/v1/tasks?state={state}&limit=200")["items"]
        return [one for one in listed if one["request_id"] == request_id]


@dataclass
class Office:
    """Two people of one controller: whoever asks, and whoever approves."""

    asks: Caller
    approves: Caller

    def planned(self, body: JsonMap) -> tuple[str, JsonMap]:
        request_id: str = self.asks.submit(body)["id"]
        self.asks.when(request_id, "approval", "closed", "person")
        return request_id, self.asks.of(request_id, "plan")

    def approve(self, request_id: str, digest: str) -> None:
        body = {"plan_digest": digest, "decision": "approve"}
        answer = self.approves.post(f"/v1/requests/{request_id}/approval", body)
        assert answer.status_code == 200, answer.text

    def carry_out(self, body: JsonMap, seconds: float = 60) -> str:
        """Submits, approves what is planned, and waits until nothing more happens by itself."""
        request_id: str = self.asks.submit(body)["id"]
        return self.see_through(request_id, seconds)

    def see_through(self, request_id: str, seconds: float = 60) -> str:
        def told() -> bool:
            shown = self.asks.request(request_id)
            if shown["waiting_for"] == "approval":
                self.approve(request_id, shown["plan"]["digest"])
            return bool(shown["state"] == "closed" or shown["waiting_for"] == "person")

        until(told, seconds)
        return request_id
