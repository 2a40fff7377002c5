"""How long `avgate audit verify` takes over a million entries of evidence: CPU and wall, process and all.

Prints one JSON object. Entries are made with the store's own digests and codes, two of each three an
effect's intention and end, signed once; then the command line checks them as an operator would, and
the verifier in docs/ checks what was exported. Run: `python bench/audit.py [--quick]`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rig.figures import Goal, options, printed
from rig.store import key_of, made, url_of

from avgate_gateway.checkpointing import Checkpointer, open_evidence_key
from avgate_gateway.proving.entry import BEGINNING
from avgate_gateway.proving.note import verifier_key
from avgate_gateway.store import encrypted_file, evidence
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.database import Database
from avgate_gateway.store.moment import EPOCH
from avgate_gateway.witness import Witness

ENTRIES, QUICK = 1_000_000, 50_000
GOAL_SECONDS = 10  # for a million
_CONFIG = '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
_VERIFIER = Path(__file__).parents[1] / "docs" / "verify_evidence.py"
_ADD = (
    "INSERT INTO evidence (sequence, at, controller, request_id, event, details, previous, digest, "
    "code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_EVENTS = ("task.copied", "effect.intended", "effect.ended")
_START = datetime(2026, 3, 2, tzinfo=UTC)


def main() -> None:
    own = options(__doc__).parse_args()
    count = QUICK if own.quick else ENTRIES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        public = _prepared(folder, count)
        ours = _timed(
            [
                sys.executable,
                "-m",
                "avgate_gateway.cli",
                "audit",
                "verify",
                "--config",
                "avgate.toml",
            ],
            folder,
        )
        with (folder / "log").open("w") as log:
            subprocess.run(
                [sys.executable, "-m", "avgate_gateway.cli", "audit", "export"],
                cwd=folder, stdout=log, check=True,
            )  # fmt: skip
        strangers = _timed([sys.executable, str(_VERIFIER), "log", public], folder)
    wanted = GOAL_SECONDS * count / ENTRIES + (1 if own.quick else 0)  # to start
    goal = Goal("verify_seconds", "at_most", wanted, round(ours[0], 2))
    figures = {"verify_cpu_seconds": ours[1], "stranger_seconds": strangers[0]}
    rounded = {key: round(value, 2) for key, value in figures.items()}
    printed("audit", quick=own.quick, goals=[goal], entries=count, **rounded)


def _prepared(folder: Path, count: int) -> str:
    """Makes the database, signs what is in it, and gives the key that others check with."""
    (folder / "avgate.toml").write_text(f'database = "{url_of(folder)}"\n{_CONFIG}')
    attesting = Attesting(made(folder).evidence_key)
    file_key = key_of(folder)
    with closing(encrypted_file.connect(folder / "avgate.db", file_key, timeout=30)) as opened:
        opened.execute("BEGIN")
        opened.executemany(_ADD, _entries(count, attesting))
        opened.execute("COMMIT")
    key = open_evidence_key(folder / "avgate-evidence.pem")
    asyncio.run(_sign(folder, file_key, Attesting(attesting.key)))
    return verifier_key(key.public_key())


async def _sign(folder: Path, file_key: bytes, attesting: Attesting) -> None:
    database = Database(url_of(folder), file_key)
    database.attesting.key = attesting.key
    key, witness = (
        open_evidence_key(folder / "avgate-evidence.pem"),
        Witness(folder / "avgate-checkpoints.txt"),
    )
    await Checkpointer(database, key, witness, lambda: _START).sign()
    await database.close()


def _entries(count: int, attesting: Attesting) -> Iterator[tuple[object, ...]]:
    previous = BEGINNING
    for number in range(1, count + 1):
        at = _START + timedelta(milliseconds=number)
        request = f"{number // 30:08x}-0000-4000-8000-000000000000"
        event = _EVENTS[number % 3]
        details = json.dumps({"items": 3, "key": f"k{number // 3}"}, separators=(",", ":"))
        content = evidence.content_of(at, "libervoice", request, event, details)
        digest = evidence.digested(number, content, previous)
        stored_at = (at - EPOCH) // timedelta(microseconds=1)
        row = (number, stored_at, "libervoice", request, event, details, previous, digest)
        yield *row, attesting.code(content)
        previous = digest


def _timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command that has to end well."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
