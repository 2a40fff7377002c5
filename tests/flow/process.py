"""Programs of ours, each as a process of its own on loopback."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .forked import Forked, is_ours

_OUR_PORTS = range(20_000, 32_000)  # Linux gives out 32768 and above to whoever calls


def free_port() -> int:
    """A port that nobody has, below those that the system gives out: it stays free between two starts."""
    while True:
        port = secrets.choice(_OUR_PORTS)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


@dataclass
class Process:
    """A program of ours that runs until it is told to stop, or killed; `is_cold`: from nothing."""

    command: list[str]
    folder: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    is_cold: bool = False
    running: subprocess.Popen[bytes] | Forked | None = None

    def start(self) -> None:
        environment = {**os.environ, **self.environment}
        if is_ours(self.command) and not self.is_cold:
            self.running = Forked.start(self.command, self.folder, self.log, environment)
            return
        with self.log.open("ab") as out:
            self.running = subprocess.Popen(  # noqa: S603 -- our own command
                self.command, cwd=self.folder, stdout=out, stderr=out,
                env=environment,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def ended(self, seconds: float = 60) -> int:
        """How it ended by itself."""
        assert self.running is not None
        return self.running.wait(seconds)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.running is not None:
            if self.running.poll() is None:
                os.kill(self.running.pid, number)
            self.running.wait(30)
            self.running = None
