"""What systemd hears of a process, on a socket of the test's own: a sign of life only while work goes on."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from avgate_gateway.cli.supervised import ALIVE, READY, Supervisor
from avgate_gateway.rounds import Rounds

SOON = 10


@pytest.fixture
def way() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0avgate-supervised-{os.getpid()}")
        bound.settimeout(SOON)
        yield bound


def supervisor(seconds: float = 0.3) -> Supervisor:
    address = f"@avgate-supervised-{os.getpid()}"
    told = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(int(seconds * 1_000_000))}
    return Supervisor.of(told)


def heard(way: socket.socket) -> list[str]:
    """All that was said by now."""
    way.setblocking(False)
    said = []
    try:
        while True:
            said.append(way.recv(100).decode())
    except BlockingIOError:
        return said


async def until_heard(way: socket.socket, word: str) -> None:
    async with asyncio.timeout(SOON):
        while word not in heard(way):  # noqa: ASYNC110 -- a socket that no loop watches
            await asyncio.sleep(0.01)


async def test_a_sign_of_life_comes_while_what_is_vital_goes_on_and_not_after(
    way: socket.socket,
) -> None:
    now = 0.0
    rounds = Rounds(monotonic=lambda: now)
    rounds.every(0.0, "sweep", "The sweep", asyncio.Event().wait, longest=30, is_vital=True)
    beats = 0

    async def counted() -> None:
        nonlocal beats
        beats += 1

    supervisor().watch(rounds)
    rounds.every(0.05, "beside", "What is not vital", counted)
    rounds.start()
    await until_heard(way, ALIVE)
    now += 31  # the sweep has not come to its end for too long
    heard(way)
    before = beats
    async with asyncio.timeout(SOON):
        while beats < before + 10:  # noqa: ASYNC110 -- several times as long as between two signs
            await asyncio.sleep(0.01)
    assert ALIVE not in heard(way)
    await rounds.stop()


def test_nobody_is_told_where_systemd_did_not_start_it(way: socket.socket) -> None:
    Supervisor.of({}).tell(READY)
    Supervisor.of({"NOTIFY_SOCKET": "@avgate-nobody-there"}).tell(READY)
    assert heard(way) == []
    supervisor().tell(READY)
    assert heard(way) == [READY]


@pytest.mark.parametrize("told", ["", "soon", "-1"])
def test_a_watchdog_that_makes_no_sense_is_none(told: str) -> None:
    assert Supervisor.of({"WATCHDOG_USEC": told}).watchdog_seconds is None
