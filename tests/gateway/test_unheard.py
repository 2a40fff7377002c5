"""What is refused before it is a call is counted and told, in sums and without whose it was."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from avgate_gateway import guard, http_protocol, problem
from avgate_gateway.guard import Guard, Limits, Traffic, Unheard
from avgate_gateway.guard.unheard import REASONS, WINDOW_SECONDS

from .guarded import HOST, JSON, MARKER, Echo, call
from .listening import HOSTED, START, Listening, exchange, listening, until
from .test_metrics import House, house  # noqa: F401 -- a fixture
from .test_refusals import Alarm

NEVER = {kind.slug: 0 for kind in REASONS}
END = b"\r\n\r\n"


def test_the_first_is_told_at_once_and_the_others_in_a_sum(lines: pytest.LogCaptureFixture) -> None:
    alarm = Alarm()
    unheard = Unheard(alarm)
    for number in range(1_000):
        unheard.refused(problem.HEAD_TIMEOUT if number % 4 else problem.MALFORMED_REQUEST)
    assert len(lines.records) == 1
    assert [seconds for seconds, _ in alarm.set] == [WINDOW_SECONDS]
    alarm.ring()
    told = re.findall(r'"reason":"([a-z-]+)","count":(\d+)', lines.text)
    assert told == [
        ("malformed-request", "1"), ("head-timeout", "750"), ("malformed-request", "249"),
    ]  # fmt: skip
    assert unheard.counts == {**NEVER, "head-timeout": 750, "malformed-request": 250}
    unheard.refused(problem.HEAD_TIMEOUT)
    assert len(lines.records) == 4  # the next minute has its own first
    alarm.ring()
    assert len(lines.records) == 4  # and no sum where there is nothing to add


def test_every_reason_that_is_given_is_counted() -> None:
    """Or its figure would be missing: those that the guard and the protocol name."""
    folder = Path(guard.__file__).parent
    given = set()
    for path in (*folder.glob("*.py"), Path(http_protocol.__file__)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            kind = getattr(problem, node.id, None) if isinstance(node, ast.Name) else None
            given |= {kind.slug} if isinstance(kind, problem.ProblemType) else set()
    assert given - {problem.INTERNAL_ERROR.slug} == set(NEVER)


WIRE: dict[str, tuple[bytes, str]] = {
    "no header at all": (START + f"{MARKER}\r\n\r\n".encode(), "malformed-request"),
    "an address too long": (b"GET /" + MARKER.encode() * 500 + b" HTTP/1.1" + END, "uri-too-long"),
    "headers too large": (HOSTED + b"X: " + MARKER.encode() * 1_000 + END, "headers-too-large"),
    "headers too many": (HOSTED + b"X: 1\r\n" * 100 + END, "headers-too-large"),
    "two hosts": (HOSTED + f"Host: {MARKER}".encode() + END, "ambiguous-request"),
    "slow headers": (HOSTED + f"X: {MARKER}".encode(), "head-timeout"),
    "a slow body": (HOSTED + b"Content-Length: 20\r\n\r\n{", "body-timeout"),
    "nonsense after a whole call": (
        b"GET /slow HTTP/1.1\r\nHost: gateway" + END + MARKER.encode() * 9 + END,
        "malformed-request",
    ),
}


@pytest.mark.parametrize("name", WIRE)
async def test_what_the_wire_refuses_is_counted_and_told_without_the_person(
    name: str, lines: pytest.LogCaptureFixture
) -> None:
    sent, reason = WIRE[name]
    async with listening(Limits(head_seconds=0.2, body_seconds=0.2)) as server:
        asked = asyncio.create_task(exchange(server.port, sent))
        await until(lambda: any(server.traffic.unheard.counts.values()))
        server.app.state.go_on.set()
        await asked
        counts = server.traffic.unheard.counts
    assert counts == {**NEVER, reason: 1}
    told = [line for line in lines.text.splitlines() if '"http.unheard"' in line]
    assert len(told) == 1
    assert f'"reason":"{reason}","count":1' in told[0]
    assert MARKER not in lines.text
    assert "127.0.0.1" not in told[0]


async def test_one_connection_too_many_is_counted(lines: pytest.LogCaptureFixture) -> None:
    async with listening(Limits(connections_per_peer=1)) as server:
        first = asyncio.create_task(exchange(server.port, _slow(server)))
        await server.app.state.entered.wait()
        answer = await exchange(server.port, HOSTED)
        server.app.state.go_on.set()
        await first
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert server.traffic.unheard.counts == {**NEVER, "unavailable": 1}
    assert '"reason":"unavailable","count":1' in lines.text


def _slow(server: Listening) -> bytes:
    server.begin()
    return b"GET /slow HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"


async def test_what_the_application_itself_refuses_was_heard() -> None:
    async def refuses(*_: object) -> None:
        raise problem.ProblemError(problem.Problem(problem.MALFORMED_REQUEST))

    traffic = Traffic()
    assert (await call(Guard(refuses, traffic=traffic))).status == 400
    assert (await call(Guard(refuses, traffic=traffic), method="GET", body=[])).status == 400
    assert (await call(Guard(Echo(), traffic=traffic))).status == 202
    assert traffic.unheard.counts == NEVER


async def test_it_is_a_figure(house: House) -> None:  # noqa: F811 -- the fixture that is imported
    guarded: Callable[..., object] = Guard(Echo(), traffic=house.gateway.traffic)
    await call(guarded, headers=[HOST, HOST, JSON])
    found = await house.figures()
    told = {name[1]: value for name, value in found.items() if name[0] == "avgate_unheard_total"}
    assert told == {**NEVER, "ambiguous-request": 1}
