from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from avgate_contracts import Limits, UnavailableError

TURNS = Callable[..., Any]


async def brief(_: httpx.Request) -> httpx.Response:
    """An upstream that is well, and takes 20 ms over each answer."""
    await asyncio.sleep(0.02)
    return httpx.Response(200)


async def settled() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "limits",
    [Limits(concurrency=1, deadline=0.4), Limits(concurrency=9, calls_per_second=50, deadline=0.4)],
)
async def test_a_healthy_upstream_is_not_called_unavailable_for_our_own_queue(
    clients: Any, limits: Limits
) -> None:
    client = clients.over(brief, limits=limits)
    answers = await asyncio.gather(*(client.send("GET", "/x") for _ in range(25)))
    assert {answer.status for answer in answers} == {200}


async def test_a_call_that_was_queued_long_may_still_be_tried_again(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    handler = turns(httpx.Response(200), httpx.Response(503), httpx.Response(200))
    client = clients.over(handler, limits=Limits(concurrency=1, deadline=10))
    async with client.stream("GET", "/file"):
        waiting = asyncio.create_task(client.send("GET", "/x"))
        await settled()
        clock.seconds += 100
    assert (await waiting).status == 200


async def test_waits_between_tries_count_however_often_a_call_is_queued(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    throttled = httpx.Response(429, headers={"retry-after": "4"})
    handler = turns(httpx.Response(200), *[throttled] * 9)
    client = clients.over(handler, limits=Limits(concurrency=1, attempts=9, deadline=10))
    async with client.stream("GET", "/file"):
        waiting = asyncio.create_task(client.send("GET", "/x"))
        await settled()
        clock.seconds += 100
    with pytest.raises(UnavailableError):
        await waiting
    assert clock.slept == [4.0, 4.0]


async def test_the_deadline_still_ends_a_call_that_was_queued_first(clients: Any) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/file"):
            return httpx.Response(200)
        await asyncio.Event().wait()
        raise AssertionError

    client = clients.over(hang, limits=Limits(concurrency=1, timeout=9, deadline=0.05))
    async with client.stream("GET", "/file"):
        waiting = asyncio.create_task(client.send("GET", "/x"))
        await settled()
    with pytest.raises(UnavailableError, match="its deadline passed"):
        await waiting


async def test_who_is_cancelled_in_the_queue_leaves_it_to_the_next(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(httpx.Response(200), httpx.Response(200))
    client = clients.over(handler, limits=Limits(concurrency=1))
    async with client.stream("GET", "/file"):
        leaving = asyncio.create_task(client.send("GET", "/a"))
        staying = asyncio.create_task(client.send("GET", "/b"))
        await settled()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    assert (await staying).status == 200
    assert [request.url.path[-1] for request in handler.asked] == ["e", "b"]
