"""Starts what is measured: the gateway, its upstreams, and the programs it is measured beside.

Each says `ready` and its address on its standard output, and is ended when its block is left.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
_PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Program:
    """A process that listens."""

    pid: int
    address: str
    ready_seconds: float


@contextmanager
def running(
    command: Sequence[str | Path], folder: Path, *, abruptly: bool = False
) -> Iterator[Program]:
    """Runs a command until the block is left; raises SystemExit if it ends before it is ready.

    `abruptly` ends it without a chance to finish what is under way.
    """
    begin = time.perf_counter()
    with (
        (folder / "program.log").open("ab") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder) as one,
    ):
        try:
            for line in one.stdout or ():
                if match := re.match(r"ready (http\S+)", line):
                    yield Program(one.pid, match[1], time.perf_counter() - begin)
                    break
            else:
                raise SystemExit((folder / "program.log").read_text() or "it was not ready")
        finally:
            _end(one, abruptly=abruptly)


def _end(process: subprocess.Popen[str], *, abruptly: bool = False) -> None:
    if abruptly:
        process.kill()
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


@contextmanager
def gateway(folder: Path, *, abruptly: bool = False) -> Iterator[Program]:
    """The gateway with the config in this folder, on a free port."""
    command: list[str | Path] = [
        BIN / "avgate",
        "serve",
        "--config",
        folder / "avgate.toml",
        "--port",
        "0",
    ]
    with running(command, folder, abruptly=abruptly) as program:
        yield program


@contextmanager
def reference(folder: Path, script: str, *arguments: str) -> Iterator[Program]:
    """A program of `bench/references`."""
    command: list[str | Path] = [sys.executable, BENCH / "references" / script, *arguments]
    with running(command, folder) as program:
        yield program


@contextmanager
def mocks(folder: Path, *arguments: str) -> Iterator[dict[str, str]]:
    """The mocks, with a config that points at them; their addresses by name, and their pid."""
    command = [sys.executable, "-m", "avgate_mocks", "--port-base", "0", "--seed", "7"]
    more: list[str | Path] = [*arguments, "--write-config", folder / "avgate.toml"]
    with (
        (folder / "mocks.log").open("ab") as log,
        subprocess.Popen(
            [*command, *more], stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
        ) as process,
    ):
        try:
            addresses = {"pid": str(process.pid)}
            for line in process.stdout or ():
                if line == "ready\n":
                    break
                name, _, address = line.strip().partition(" ")
                addresses[name] = address
            yield addresses
        finally:
            _end(process)


def token(folder: Path, *scopes: str, client: str = "bench", controller: str = "libervoice") -> str:
    """A token for the config in this folder."""
    command: list[str | Path] = [BIN / "avgate", "token", "--config", folder / "avgate.toml"]
    who = ["--controller", controller, "--client", client]
    asked = [part for scope in scopes for part in ("--scope", scope)]
    done = subprocess.run(
        [*command, *who, *asked], capture_output=True, text=True, check=True, cwd=folder
    )
    printed: str = done.stdout
    return printed.rsplit(maxsplit=1)[-1]


@contextmanager
def black_hole() -> Iterator[str]:
    """An upstream that takes every connection and answers nothing: the kernel takes them."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def lean_upstream(folder: Path, *arguments: str) -> Iterator[Program]:
    """Upstreams that cost next to nothing, with a config that points at them."""
    script = BENCH / "rig" / "lean_upstream.py"
    command: list[str | Path] = [sys.executable, script, folder, *arguments]
    with running(command, folder) as program:
        yield program
