"""Several gateways on one PostgreSQL, from one folder: as several machines with the same config."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cluster import Cluster
from .harness import AVGATE, Mocks, Served, until
from .process import Process

RULE = 'approval_exempt_clients = ["batch"]\nanswer_within_days'


@dataclass
class Fleet:
    """A database of its own, and the processes that work on it."""

    cluster: Cluster
    mocks: Mocks
    folder: Path
    url: str = ""
    serving: list[Served] = field(default_factory=list)
    working: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.url = self.url or self.cluster.database()
        config = self.mocks.config.read_text().replace("answer_within_days", RULE)
        self.write("avgate.toml", self.url, config)

    def write(self, name: str, url: str, config: str | None = None) -> str:
        """A config that reaches the database at another address, such as a proxy's."""
        before = config or (self.folder / "avgate.toml").read_text()
        after = re.sub(r'(?m)^database = ".*"$', f'database = "{url}"', before)
        (self.folder / name).write_text(after)
        return name

    def serve(self, name: str, config: str = "avgate.toml", **environment: str) -> Served:
        """A gateway that is being started; `ready` waits for it."""
        is_cold = "PYTHONPATH" in environment  # which is another release
        made = Served(self.folder, name, config, environment, is_cold)
        self.serving.append(made)
        made.process.start()
        return made

    def work(self, name: str, config: str = "avgate.toml", **environment: str) -> Process:
        command = [*AVGATE, "work", "--config", config]
        made = Process(command, self.folder, self.folder / f"{name}.log", environment)
        self.working.append(made)
        made.start()
        return made

    def ready(self) -> None:
        for one in self.serving:
            until(one.ready, 60)
        processes = [*(one.process for one in self.serving), *self.working]
        until(lambda: {p.pid for p in processes if p.alive()} <= set(self.living()), 60)

    def living(self) -> dict[int, str]:
        """Registrations whose lease runs, by process."""
        return {
            int(name.rsplit(":", 1)[1]): worker
            for worker, name in self.ask(
                "SELECT id, name FROM worker WHERE beat_at > "
                "(extract(epoch from clock_timestamp()) * 1000000)::bigint - 8000000"
            )
        }

    def holder(self, request_id: str) -> int | None:
        """The process that holds a request, by its last registration."""
        found = self.ask(
            "SELECT name FROM worker JOIN request ON worker.id = held_by WHERE request.id = %s",
            request_id,
        )
        return int(found[0][0].rsplit(":", 1)[1]) if found else None

    def fence(self, request_id: str) -> int:
        [(fence,)] = self.ask("SELECT fence FROM request WHERE id = %s", request_id)
        return int(fence)

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.cluster.ask(statement, *values, url=self.url)

    def audited(self) -> str:
        """What `avgate audit verify` says of the chain."""
        checker = Process([*AVGATE, "audit", "verify"], self.folder, self.folder / "audit.log")
        checker.log.write_bytes(b"")
        checker.start()
        assert checker.ended() == 0, checker.log.read_text()
        return checker.log.read_text()

    def unfinished(self, request_ids: Iterable[str]) -> list[tuple[object, ...]]:
        return self.ask(
            "SELECT id, state, waiting_for FROM request WHERE id = ANY(%s) "
            "AND state <> 'closed' AND waiting_for IS DISTINCT FROM 'person'",
            list(request_ids),
        )

    def end(self) -> None:
        for process in (*(one.process for one in self.serving), *self.working):
            if process.alive():
                process.send(18)  # SIGCONT: one that was frozen ends in order
        for one in self.serving:
            one.end()
        for process in self.working:
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)
