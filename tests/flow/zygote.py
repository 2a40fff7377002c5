"""A process that has everything imported, and forks programs of ours from itself in a few milliseconds.

It has no threads and no event loop, so what it forks is as good as freshly started. A start from
nothing, which is two seconds of work, is tried where the start or the process itself is what matters.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
import threading
import traceback
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NoReturn

PROGRAMS = {"avgate_gateway.cli": "avgate_gateway.cli", "avgate_mocks": "avgate_mocks.__main__"}
_LATER = (  # what they import once they know what they are to do
    "avgate_gateway.assembly", "avgate_gateway.leased", "avgate_gateway.cli.running",
    "avgate_gateway.cli.serving", "avgate_gateway.cli.auditing", "avgate_gateway.cli.backing_up",
    "avgate_gateway.cli.console", "avgate_gateway.cli.keys",
)  # fmt: skip


def _become(order: dict[str, Any]) -> int:
    """From here on this is the program that was asked for; it ends as any interpreter does."""
    for number, name in ((1, "log"), (2, "errors")):
        out = os.open(order[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(out, number)
        os.close(out)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.path[0] = order["folder"]
    program, *sys.argv[1:] = order["command"]
    module = sys.modules[PROGRAMS[program]]
    try:
        return int(module.main(sys.argv[1:]) if program == "avgate_mocks" else module.main())
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
            return 1
        return ended.code or 0
    except BaseException:  # noqa: BLE001 -- as an interpreter says it
        traceback.print_exc()
        return 1


def _end(code: int) -> NoReturn:
    """Ends as an interpreter does, but that it takes nothing apart: all of it is shared, and would be copied."""
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


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
    gc.freeze()  # of what they share, nobody looks for garbage
    for line in orders:
        order = json.loads(line)
        if "ended" in order:
            told = os.waitstatus_to_exitcode(os.waitpid(order["ended"], 0)[1])
        elif (told := os.fork()) == 0:
            orders.close()
            answers.close()
            _end(_become(order))
        answers.write(f"{told}\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
