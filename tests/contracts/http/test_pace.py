from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from avgate_contracts import Limits

TURNS = Callable[..., Any]


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_no_more_calls_at_once_than_the_upstream_bears(
    clients: Any, concurrency: int
) -> None:
    now = most = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _turn in range(3):
            await asyncio.sleep(0)
        now -= 1
        return httpx.Response(200)

    client = clients.over(answer, limits=Limits(concurrency=concurrency))
    await asyncio.gather(*(client.send("GET", "/x") for _ in range(20)))
    assert most == concurrency


async def test_an_open_stream_keeps_its_place(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, content=b"a"), httpx.Response(200))
    client = clients.over(handler, limits=Limits(concurrency=1))
    async with client.stream("GET", "/file"):
        waiting = asyncio.create_task(client.send("GET", "/x"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(handler.asked) == 1
    assert (await waiting).status == 200


async def test_when_one_call_is_asked_to_wait_the_next_one_waits_too(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    throttled = httpx.Response(429, headers={"retry-after": "3"})
    handler = turns(throttled, httpx.Response(200), httpx.Response(200))
    waits: asyncio.Queue[float] = asyncio.Queue()
    held = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await waits.put(seconds)
        await held.wait()

    clock.sleep = sleep
    client = clients.over(handler)
    first = asyncio.create_task(client.send("GET", "/a"))
    assert await waits.get() == 3.0
    clock.seconds = 1.0
    second = asyncio.create_task(client.send("GET", "/b"))
    assert await waits.get() == 2.0
    assert len(handler.asked) == 1
    held.set()
    await asyncio.gather(first, second)


async def test_a_rate_spreads_calls_out(clients: Any) -> None:
    loop = asyncio.get_running_loop()
    began: list[float] = []

    async def answer(_: httpx.Request) -> httpx.Response:
        began.append(loop.time())
        return httpx.Response(200)

    client = clients.over(answer, limits=Limits(calls_per_second=50))
    await asyncio.gather(*(client.send("GET", "/x") for _ in range(4)))
    assert began[-1] - began[0] >= 0.055  # three gaps of 20 ms, less what a timer may round off
