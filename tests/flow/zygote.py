"""A process that has everything imported, and forks programs of ours from itself in a few milliseconds.

It has no threads and no event loop, so what it forks is as good as freshly started. A start from
nothing, which is two seconds of work, is tried where the start or the process itself is what matters.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

PROGRAMS = {"avgate_gateway.cli": "avgate_gateway.cli", "avgate_mocks": "avgate_mocks.__main__"}
_LATER = (  # what they import once they know what they are to do
    "avgate_gateway.assembly", "avgate_gateway.leased", "avgate_gateway.cli.running",
    "avgate_gateway.cli.serving", "avgate_gateway.cli.auditing", "avgate_gateway.cli.backing_up",
    "avgate_gateway.cli.console", "avgate_gateway.cli.keys",
)  # fmt: skip


def _become(order: dict[str, Any]) -> int:
    """From here on this is the program that was asked for; it ends as any interpreter does."""
    out = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in (1, 2):
        os.dup2(out, number)
    os.close(out)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.path[0] = order["folder"]
    program, *sys.argv[1:] = order["command"]
    module = sys.modules[PROGRAMS[program]]
    return int(module.main(sys.argv[1:]) if program == "avgate_mocks" else module.main())


def main() -> int:
    """Reads one order a line, answers one line each."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")  # as the command line does
    for name in (*PROGRAMS.values(), *_LATER):
        import_module(name)
    for point in entry_points(group="avgate.connectors.v1"):
        point.load()
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    for line in orders:
        order = json.loads(line)
        if "ended" in order:
            told = os.waitstatus_to_exitcode(os.waitpid(order["ended"], 0)[1])
        elif (told := os.fork()) == 0:
            orders.close()
            answers.close()
            return _become(order)
        answers.write(f"{told}\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
