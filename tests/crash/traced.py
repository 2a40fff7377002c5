"""The real service under strace: what the kernel sees of it, with nothing of ours in between.

Order: before each 202 leaves, a sync of the log has come back. Death: killed by the kernel at its n-th
write or sync, it starts again and has what it promised.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import httpx

from avgate_mocks.people import Person

from ..flow.harness import EVERYTHING, a_request, bearer, token
from ..flow.process import free_port

INSTALL = "strace is not there: apt-get install strace"
_CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)")
_READY = 120.0  # seconds; a shared machine has slow moments


def is_there() -> bool:
    return shutil.which("strace") is not None


class Traced:
    """`avgate serve` with strace around it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port = folder, free_port()
        avgate = Path(sys.executable).with_name("avgate")
        serve = [str(avgate), "serve", "--config", "avgate.toml", "--port", str(self.port)]
        command = ["strace", "-f", "--seccomp-bpf", "-qq", *options, *serve]
        with (folder / "serve.log").open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 -- our own command
                command if options else serve, cwd=folder, stdout=out, stderr=out
            )

    def is_ready(self) -> bool:
        end = time.monotonic() + _READY
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready").status_code == 200:
                    return True
            except httpx.TransportError:
                time.sleep(0.05)
        return False

    def submit(self, person: Person, key: str) -> str | None:
        """The id that was promised; None if nobody answered."""
        made = token(self.folder / "avgate-token.jwk", "libervoice", "portal", EVERYTHING)
        headers = {**bearer(made), "idempotency-key": key}
        body = a_request("access", person, "operator")
        url = f"http://127.0.0.1:{self.port}/v1/requests"
        try:
            answer = httpx.post(url, json=body, headers=headers, timeout=20)
        except httpx.TransportError:
            return None
        return str(answer.json()["id"]) if answer.status_code == 202 else None

    def end(self) -> None:
        """Ends the service; strace ends with it."""
        if self.process.poll() is None:
            for child in _children(self.process.pid) or [self.process.pid]:
                os.kill(child, signal.SIGKILL)
        self.process.wait(20)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split()]


def order(folder: Path, person: Person, number: int = 20) -> list[str]:
    """The 202s that left before a sync of the log had come back since the one before."""
    log = folder / "strace.log"
    calls = "fdatasync,fsync,sendto,write,writev,sendmsg"
    here = Traced(folder, "-y", "-s", "64", "-e", f"trace={calls}", "-o", str(log))
    try:
        assert here.is_ready(), (folder / "serve.log").read_text()[-800:]
        for one in range(number):
            assert here.submit(person, f"order-{one}") is not None
    finally:
        here.end()
    return misordered(log.read_text(errors="replace").splitlines(), number)


def misordered(lines: list[str], number: int) -> list[str]:
    is_synced, answers, early = False, 0, []
    for line in lines:
        call = _CALL.match(line)
        name = call[1] if call else ""
        if name in {"fdatasync", "fsync"} and line.rstrip().endswith("= 0"):
            # A call that others interrupt is told in two lines; the second has no path any more.
            is_synced = is_synced or "avgate.db-wal" in line or "resumed" in line
        elif "HTTP/1.1 202" in line:
            answers += 1
            if not is_synced:
                early.append(line)
            is_synced = False
    assert answers == number, f"{answers} answers seen of {number}"
    return early


def die(folder: Path, person: Person, seed: int) -> str:
    """Has the kernel kill it at a write or sync, starts it again; what is wrong then, or nothing."""
    luck = Random(seed)  # noqa: S311 -- throws that can be repeated
    call, at = luck.choice(("pwrite64", "fsync", "write", "ftruncate")), luck.randint(1, 400)
    trap = f"inject={call}:signal=KILL:when={at}"
    here = Traced(folder, "-e", f"trace={call}", "-e", trap, "-o", "/dev/null")
    promised = set()
    try:
        if here.is_ready():
            promised = {here.submit(person, f"{seed}-{one}") for one in range(30)} - {None}
    finally:
        here.end()
    after = Traced(folder)
    try:
        if not after.is_ready():
            return f"it does not start again: {(folder / 'serve.log').read_text()[-500:]}"
        made = token(folder / "avgate-token.jwk", "libervoice", "portal", EVERYTHING)
        url = f"http://127.0.0.1:{after.port}/v1/requests/"
        lost = [
            i for i in promised if httpx.get(url + str(i), headers=bearer(made)).status_code != 200
        ]
        return f"{len(lost)} of {len(promised)} promises are gone" if lost else ""
    finally:
        after.end()
