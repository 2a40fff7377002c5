"""Runs the same tests again and again, each time in a child that has loaded all but our own code.

Run in a tree of its own, with pytest's arguments. Answers every line that it reads with the exit code
of one run, or with `time` where it took much more than the first run, which must succeed.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress

_PATIENCE = 3  # times as long as the first run, and these seconds besides
_GRACE = 5


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a child does not outlive it
    reading, writing = os.pipe()
    first = _run(3_600, writing)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = used.ru_utime + used.ru_stime  # of the processor, which other work may have
    os.close(writing)
    if first != "0":
        sys.stdout.write(first + "\n")
        return 1
    with os.fdopen(reading) as told:
        for name in json.load(told):
            with suppress(Exception):
                importlib.import_module(name)
    sys.stdout.write("0\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        sys.stdout.write(_run(int(took * _PATIENCE + _GRACE)) + "\n")
        sys.stdout.flush()
    return 0


def _run(seconds: int, loaded: int | None = None) -> str:
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)  # so that what a test started ends with it
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        _test(loaded)
    return _awaited(child, time.monotonic() + 4 * seconds)  # other work may have the processor


def _test(loaded: int | None) -> None:
    nowhere = os.open("/dev/null" if loaded is None else "first-run.txt", os.O_RDWR | os.O_CREAT)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    import pytest

    code = pytest.main(sys.argv[1:])
    if loaded is not None:
        foreign = [name for name, module in [*sys.modules.items()] if _is_foreign(module)]
        with os.fdopen(loaded, "w") as told:
            json.dump(foreign, told)
    os._exit(int(code))


def _is_foreign(module: object) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and file.startswith((sys.prefix, sys.base_prefix))


def _awaited(child: int, latest: float) -> str:
    """How it ended; what is left of it and of what it started is killed."""
    found, status = 0, 0
    try:
        while not found and time.monotonic() < latest:
            found, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0 if found else 0.02)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    if not found:
        os.waitpid(child, 0)
    return str(os.WEXITSTATUS(status)) if found and os.WIFEXITED(status) else "time"


if __name__ == "__main__":
    sys.exit(main())
