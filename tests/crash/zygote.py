"""A process that has everything imported, and forks a service from itself in a few milliseconds.

It has no threads and no event loop, so what it forks is as good as freshly started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from importlib.metadata import entry_points
from typing import Any, TextIO

from avgate_gateway.cli import main as _main  # noqa: F401 -- imported for the forks
from avgate_gateway.cli.running import run

from .service import Orders, serve


def _child(order: dict[str, Any], channel: TextIO) -> int:
    channel.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 -- for as long as the process lives
    try:
        if order["do"] == "serve":
            serve(Orders(**order["orders"]))
            return 0
        os.chdir(order["folder"])
        out = os.open("cli.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        return int(run(order["arguments"]))
    except BaseException:  # noqa: BLE001 -- whatever it is, the log has to say it
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _fork(order: dict[str, Any], channel: TextIO) -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(_child(order, channel))
    return pid


def main() -> None:
    """Reads one order a line, answers one line each."""
    for point in entry_points(group="avgate.connectors.v1"):
        point.load()
    orders = os.fdopen(os.dup(0))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    for line in orders:
        _reap()
        order = json.loads(line)
        pid = _fork(order, orders)
        code = None
        if order["do"] == "cli":
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        answers.write(json.dumps({"pid": pid, "code": code}) + "\n")
        answers.flush()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
