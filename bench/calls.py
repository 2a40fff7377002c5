"""How many functions an acceptance, an access and an erasure call in the gateway, and in which files.

CPU time on a busy machine says little. The number of calls is the same whatever else runs, and CPU goes
with it: whoever makes a request cheaper sees here whether they did, and where the rest is.

Prints one JSON object. The gateway runs in this process, on the upstreams of `gateway.py`; counted is
what its event loop calls from POST to closed. What threads do (wait for the disk, change many rows)
is not.

Run: `python bench/calls.py [--quick] [--files 15] [--statements]`; the last lists the statements in turn.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from rig.bodies import customers, requests, strangers
from rig.figures import options, printed
from rig.load import sent
from rig.programs import lean_upstream, token

from avgate_gateway.assembly import assemble
from avgate_gateway.settings import load

SCOPES = ("requests:access", "requests:erase")
_WARM = 10
# Once for each statement: as SQLAlchemy's dialect is given it, or as the driver is.
_STATEMENTS = {
    "DefaultDialect.do_execute": lambda frame: frame.f_locals["statement"],
    "DefaultDialect.do_executemany": lambda frame: frame.f_locals["statement"],
    "Prepared.execute": lambda frame: frame.f_locals["self"].text,
}
_TRANSACTION, _CALL_UPSTREAM = "_Group.__init__", "_message"  # made once for each


class Calls:
    """Counts what one thread calls while it is told to."""

    def __init__(self) -> None:
        self._by_code: Counter[Any] = Counter()
        self.built_in = 0
        self.statements: list[str] = []

    def begin(self) -> None:
        self._by_code.clear()
        self.built_in = 0
        self.statements.clear()
        sys.setprofile(self._note)

    def end(self) -> Counter[Any]:
        sys.setprofile(None)
        return self._by_code

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "c_call":
            self.built_in += 1
        if event != "call":
            return
        code = frame.f_code
        self._by_code[code] += 1
        if told := _STATEMENTS.get(code.co_qualname):
            self.statements.append(told(frame))


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--requests", type=int, help="requests of each kind that are counted")
    asked.add_argument("--files", type=int, default=15, help="how many of the files are listed")
    asked.add_argument("--statements", action="store_true", help="list the statements of one")
    chosen = asked.parse_args()
    number = chosen.requests or (5 if chosen.quick else 20)
    with tempfile.TemporaryDirectory() as one, lean_upstream(Path(one)):
        figures = uvloop.run(_measured(Path(one), number, chosen))
    printed("calls", quick=chosen.quick, goals=[], requests_of_each=number, **figures)


async def _measured(folder: Path, number: int, chosen: Any) -> dict[str, Any]:
    os.chdir(folder)  # where the config's files are
    bearer = token(folder, *SCOPES)
    kinds = {
        "accept_only": requests(bearer, strangers(2_000_000), identified=False),
        "access_of_a_stranger": requests(bearer, strangers(), wait=30),
        "access_of_a_customer": requests(bearer, customers(), wait=30),
        "erase_of_a_customer": requests(bearer, customers(1_000_000), "erase", wait=30),
    }
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            assemble(load(folder / "avgate.toml", {})).app(), http="httptools", access_log=False,
            log_config=None,
        )  # fmt: skip
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        figures = {
            name: await _counted(address, calls, number, chosen) for name, calls in kinds.items()
        }
        server.should_exit = True
        await serving
    return figures


async def _counted(
    address: str, calls: Iterator[bytes], number: int, chosen: Any
) -> dict[str, Any]:
    await _send(address, calls, _WARM)
    counter = Calls()
    counter.begin()
    await _send(address, calls, number)
    by_code = counter.end()
    files: Counter[str] = Counter()
    for code, count in by_code.items():
        files[_short(code.co_filename)] += count
    figures: dict[str, Any] = {
        "calls": round((by_code.total() + counter.built_in) / number),
        "of_python": round(by_code.total() / number),
        "statements": round(len(counter.statements) / number, 1),
        "transactions": _named(by_code, _TRANSACTION, "sqlite.py") / number,
        "calls_upstream": _named(by_code, _CALL_UPSTREAM, "network.py") / number,
        "files": {name: round(count / number) for name, count in files.most_common(chosen.files)},
    }
    if chosen.statements:
        last = counter.statements[-len(counter.statements) // number :]
        figures["in_turn"] = [" ".join(one.split())[:150] for one in last]
    return figures


def _named(by_code: Counter[Any], name: str, file: str) -> int:
    return sum(
        count
        for code, count in by_code.items()
        if code.co_qualname == name and Path(code.co_filename).name == file
    )


async def _send(address: str, calls: Iterator[bytes], number: int) -> None:
    """From a thread of its own, whose calls are not counted."""
    some = (next(calls) for _ in range(number))
    load: Callable[..., Any] = sent
    statuses = (await asyncio.to_thread(load, address, some, 1)).statuses
    if not set(statuses) <= {200, 202}:
        raise SystemExit(f"not all were closed: {dict(statuses)}")


def _short(file: str) -> str:
    return "/".join(Path(file).parts[-2:])


if __name__ == "__main__":
    main()
