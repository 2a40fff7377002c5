"""Whether an answer tells that another controller has a request: by its status, its bytes or its time.

Prints one JSON object. A database is filled with requests of one controller (`rig/filling.py`), with
tasks of people and messages for a thousand of them. The other controller asks for a thousand that
there are and for a thousand that there are not, shuffled, one at a time over one connection, at every
route that takes an id. Status, headers and body have to be the same to the byte, but for what counts
the caller's own calls; times are compared by their ranks (`rig/ranks.py`), two-sided, at 0.001 for all
routes together. `noticed_from_us` says how small a difference would have been noticed.
Run: `python bench/oracle.py [--quick]`.
"""

from __future__ import annotations

import json
import random
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from rig.figures import Goal, options, printed
from rig.filling import CONTROLLER, fill
from rig.load import call, post
from rig.programs import Program, gateway, mocks, token
from rig.ranks import noticed_from, p_value
from rig.store import key_of, reading, url_of

from avgate_gateway.authentication import Scope
from avgate_gateway.store import encrypted_file
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.store.schema import hand_task

STRANGER = "mister-voip"
ALPHA = 0.001
REQUESTS, REQUESTS_QUICK = 20_000, 2_000
EACH, EACH_QUICK = 1_000, 80
WARM = 100
_IDENTITY = {"method": "x", "verified_by": "x", "verified_at": "2026-01-01T00:00:00Z"}
ROUTES: Mapping[str, tuple[str, str, Any]] = {
    "request": ("GET", "/v1/requests/{}", None),
    "plan": ("GET", "/v1/requests/{}/plan", None),
    "report": ("GET", "/v1/requests/{}/report", None),
    "evidence": ("GET", "/v1/requests/{}/evidence", None),
    "proof": ("GET", "/v1/requests/{}/evidence/proof", None),
    "package": ("GET", "/v1/requests/{}/package", None),
    "letter": ("GET", "/v1/requests/{}/letter", None),
    "letters": ("GET", "/v1/requests/{}/letters", None),
    "handovers": ("GET", "/v1/requests/{}/handovers", None),
    "events": ("GET", "/v1/requests/{}/events", None),
    "identity": ("POST", "/v1/requests/{}/identity", _IDENTITY),
    "approval": ("POST", "/v1/requests/{}/approval", {"plan_digest": "0" * 64, "decision": "approve"}),
    "cancel": ("POST", "/v1/requests/{}/cancel", {}),
    "retry": ("POST", "/v1/requests/{}/retry", {}),
    "extension": ("POST", "/v1/requests/{}/extension", {"reason": "many systems"}),
    "task": ("POST", "/v1/tasks/{}/completion", {"evidence": "seen to"}),
    "message": ("POST", "/v1/webhooks/deliveries/{}/replay", {}),
}  # fmt: skip
_OWN_COUNT = re.compile(rb"\r\nratelimit: [^\r]*", re.IGNORECASE)
_DATE = re.compile(rb"\r\ndate: [^\r]*", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Told:
    """What was answered at one route, of ids that there are (True) and that there are not."""

    micros: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    answers: dict[bool, set[bytes]] = field(default_factory=lambda: {True: set(), False: set()})

    @property
    def are_alike(self) -> bool:
        """Whether all answers are one and the same."""
        return len(self.answers[True] | self.answers[False]) == 1

    def figures(self, alpha: float) -> dict[str, Any]:
        known, unknown = self.micros[True], self.micros[False]
        middle = {
            name: statistics.median(some) for name, some in (("known", known), ("unknown", unknown))
        }
        return {
            "p": float(f"{p_value(known, unknown):.3g}"),
            "median_us": {name: round(value, 1) for name, value in middle.items()},
            "noticed_from_us": round(noticed_from(known, unknown, alpha), 1),
            "answers_alike": self.are_alike,
            "status": sorted(
                {one[9:12].decode() for one in self.answers[True] | self.answers[False]}
            ),
        }


def main() -> None:
    chosen = options(__doc__).parse_args()
    each = EACH_QUICK if chosen.quick else EACH
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, REQUESTS_QUICK if chosen.quick else REQUESTS, datetime.now(UTC))
        told = measured(folder, each)
    alpha = ALPHA / len(told)
    routes = {name: one.figures(alpha) for name, one in told.items()}
    printed(
        "oracle",
        quick=chosen.quick,
        goals=[
            Goal("smallest_p", "at_least", alpha, min(one["p"] for one in routes.values())),
            Goal(
                "routes_that_answer_alike",
                "at_least",
                len(told),
                sum(one.are_alike for one in told.values()),
            ),
        ],
        ids_of_each=each,
        routes=routes,
    )


def measured(folder: Path, each: int) -> dict[str, Told]:
    chance = random.Random(3)  # noqa: S311 -- the same order each time
    ids = _some_of(folder, each, chance)
    _with_tasks_and_messages(folder, ids)
    with mocks(folder), gateway(folder) as program:
        bearer = token(folder, *(scope.value for scope in Scope), controller=STRANGER)
        headers = {"authorization": f"Bearer {bearer}"}
        with _connected(program) as line:
            return {
                name: _asked(line, ids, chance, headers, *route) for name, route in ROUTES.items()
            }


def _some_of(folder: Path, each: int, chance: random.Random) -> list[str]:
    with reading(folder / "avgate.db") as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM request")]
    return chance.sample(found, each)


def _with_tasks_and_messages(folder: Path, ids: Sequence[str]) -> None:
    """Under the same ids, so that one list is asked everywhere."""
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    task = {
        "connector": "operator",
        "count": 1,
        "code": "x",
        "reason": "x",
        "due": date(2026, 2, 1),
    }
    message = {"kind": "webhook", "endpoint": "crm", "event": "request.closed", "body": "{}",
               "state": "delivered", "attempts": 1, "tries": 1}  # fmt: skip
    engine = encrypted_file.engine(url_of(folder), key_of(folder))
    whose = [{"id": one, "request_id": one, "controller": CONTROLLER, "made_at": at} for one in ids]
    with closing(engine.connect()) as connection:
        connection.execute(hand_task.insert(), [{**one, **task} for one in whose])
        connection.execute(delivery.insert(), [{**one, **message} for one in whose])
        connection.commit()
    engine.dispose()


def _asked(
    line: _Line, ids: Sequence[str], chance: random.Random, headers: Mapping[str, str], method: str,
    path: str, body: Any,
) -> Told:  # fmt: skip
    nobodys = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in (*ids, *range(WARM))]
    both = [*((one, True) for one in ids), *((one, False) for one in nobodys[WARM:])]
    chance.shuffle(both)
    told = Told()
    for place, (one, is_known) in enumerate([*((one, False) for one in nobodys[:WARM]), *both]):
        url = path.format(one)
        sent = (
            call(method, url, headers)
            if body is None
            else post(url, headers, json.dumps(body).encode())
        )
        micros, answer = line.ask(sent)
        if place >= WARM:
            told.micros[is_known].append(micros)
            told.answers[is_known].add(answer)
    return told


@contextmanager
def _connected(program: Program) -> Iterator[_Line]:
    host, port = program.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield _Line(opened)


@dataclass(slots=True)
class _Line:
    """One connection, which is waited at: nothing else runs here meanwhile."""

    opened: socket.socket

    def ask(self, sent: bytes) -> tuple[float, bytes]:
        """The microseconds until the whole answer, and it, without what counts or dates it."""
        begin = time.perf_counter_ns()
        self.opened.sendall(sent)
        answer = b""
        while not _is_whole(answer):
            got = self.opened.recv(65_536)
            if not got:
                raise SystemExit("the gateway closed the connection")
            answer += got
        micros = (time.perf_counter_ns() - begin) / 1000
        return micros, _DATE.sub(b"", _OWN_COUNT.sub(b"", answer))


def _is_whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = _LENGTH.search(answer, 0, head + 2)
    if length is None:
        raise SystemExit("an answer without a length")
    return len(answer) >= head + 4 + int(length[1])


if __name__ == "__main__":
    main()
