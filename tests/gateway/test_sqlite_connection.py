"""A connection whose step was given up by its task: the next step waits for its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_asyncio

from avgate_gateway.store.sqlite_connection import Connection, connect

Act = Callable[[Connection], Awaitable[Any]]


@pytest_asyncio.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    opened = await connect(str(tmp_path / "things.db"), busy_seconds=1)
    await opened.cursor().execute("CREATE TABLE thing (n INTEGER)")
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def go_on(connection: Connection) -> AsyncIterator[Event]:
    """The thread is at a step whose task was cancelled, and stays there until it may go on."""
    begun, event = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    def step() -> None:
        loop.call_soon_threadsafe(begun.set)
        event.wait(10)

    await connection.cursor().execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(connection.wait_for(step))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    yield event
    event.set()


async def roll_back(connection: Connection) -> None:
    await connection.rollback()


async def read(connection: Connection) -> None:
    await connection.cursor().execute("SELECT n FROM thing")


async def write(connection: Connection) -> None:
    await connection.cursor().execute("INSERT INTO thing VALUES (1)")


@pytest.mark.parametrize("act", [roll_back, read, write])
async def test_nothing_runs_beside_a_step_that_was_given_up(
    connection: Connection, go_on: Event, act: Act
) -> None:
    acting = asyncio.ensure_future(act(connection))
    for _ in range(20):  # long enough for it to have run, if it waited for nobody
        await asyncio.sleep(0)
    assert connection.is_busy
    assert not acting.done()
    go_on.set()
    await acting
    assert not connection.is_busy


async def test_a_read_waits_for_nobody_where_the_thread_is_idle(connection: Connection) -> None:
    reading = read(connection)
    with pytest.raises(StopIteration):  # it ran to its end without giving way once
        reading.__await__().__next__()
