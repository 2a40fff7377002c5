"""The guard under more calls than it can take: who waits, who is held, and who is let through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from avgate_gateway.guard import Guard, Limits, Traffic, step_aside

from .guarded import Answer, Echo, call


@dataclass
class Desk:
    """An application that answers when it is told to, and steps aside if it is told to."""

    goes_aside: bool = False
    inside: int = 0
    may_wait: list[bool] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        if self.goes_aside:
            self.may_wait.append(step_aside())
        await self.go_on.wait()
        await Echo()(scope, receive, send)


def many(guard: Guard, number: int, method: str = "POST") -> list[asyncio.Task[Answer]]:
    return [
        asyncio.create_task(
            call(guard, method=method, body=(b"",) if method == "GET" else (b"{}",))
        )
        for _ in range(number)
    ]


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_so_many_are_worked_on_side_by_side_and_the_others_stand_in_line() -> None:
    desk = Desk()
    calls = many(Guard(desk), 100)
    await turns()
    assert desk.inside == 64
    desk.go_on.set()
    assert {(await one).status for one in calls} == {202}
    assert desk.inside == 100


async def test_readers_stand_in_no_line() -> None:
    desk = Desk()
    guard = Guard(desk)
    calls = many(guard, 64) + many(guard, 10, "GET")
    await turns()
    assert desk.inside == 74
    desk.go_on.set()
    await asyncio.gather(*calls)


async def test_an_answer_that_has_begun_leaves_its_place_in_the_line() -> None:
    go_on, begun = asyncio.Event(), 0

    async def streams(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal begun
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun += 1
        await go_on.wait()
        await send({"type": "http.response.body", "body": b""})

    calls = many(Guard(streams), 100)
    await turns()
    assert begun == 100
    go_on.set()
    await asyncio.gather(*calls)


async def test_those_who_wait_by_preference_keep_nobody_out_and_are_counted_by_themselves() -> None:
    desk, traffic = Desk(goes_aside=True), Traffic()
    guard = Guard(desk, Limits(at_once=100), traffic)
    calls = many(guard, 100)
    await turns()
    assert (len(traffic.waiting), len(traffic.aside)) == (0, 100)
    last = asyncio.create_task(call(guard))
    await turns()
    assert desk.may_wait == [True] * 100 + [False]  # so many wait already
    assert len(traffic.waiting) == 1
    desk.go_on.set()
    assert {one.status for one in await asyncio.gather(last, *calls)} == {202}
    assert not traffic.aside


async def test_who_is_turned_away_is_held_for_a_moment_and_the_longer_the_more_there_are() -> None:
    desk, pauses = Desk(), list[float]()
    let_go = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await let_go.wait()

    guard = Guard(desk, Limits(at_once=1_000), pause=pause)
    admitted = many(guard, 1_000)
    await turns()
    refused = many(guard, 4_001)
    await turns()
    assert (pauses[0], pauses[-1], len(pauses)) == (1.0, 4.0, 4_000)
    assert sum(one.done() for one in refused) == 1  # there is an end to holding
    let_go.set()
    assert {(one.status, one.headers["retry-after"]) for one in await asyncio.gather(*refused)} == {
        (503, "1")
    }
    desk.go_on.set()
    assert {one.status for one in await asyncio.gather(*admitted)} == {202}


def slow(guard: Guard, go_on: asyncio.Event, number: int) -> list[asyncio.Task[Answer]]:
    """Callers who have sent the head and half of the body, and send the rest when told to."""
    halves = (b"{", b"}")
    return [asyncio.create_task(call(guard, body=halves, last=go_on)) for _ in range(number)]


async def test_bodies_that_take_their_time_keep_nobody_out() -> None:
    """Whoever has no token could else do that, with a thousand connections and a byte for each."""
    go_on, traffic = asyncio.Event(), Traffic()
    guard = Guard(Echo(), Limits(at_once=100), traffic)
    bodies = slow(guard, go_on, 100)
    await turns()
    assert len(traffic.waiting) == 100
    assert (await call(guard, method="GET", body=(b"",))).status == 202
    assert not any(one.done() for one in bodies)
    assert (await call(guard)).status == 202
    go_on.set()
    statuses = [one.status for one in await asyncio.gather(*bodies)]
    assert statuses == [408] + [202] * 99, "the first had to go for one more body"


async def test_where_too_many_bodies_are_on_their_way_the_slowest_goes() -> None:
    go_on = asyncio.Event()
    guard = Guard(Echo(), Limits(at_once=100))
    bodies = slow(guard, go_on, 100)
    await turns()
    [late] = slow(guard, go_on, 1)
    first = await asyncio.wait_for(bodies[0], 10)
    assert (first.status, first.headers["connection"]) == (408, "close")
    assert not late.done()
    go_on.set()
    assert {one.status for one in await asyncio.gather(late, *bodies[1:])} == {202}


async def test_who_was_overtaken_while_their_body_came_is_turned_away() -> None:
    go_on, desk = asyncio.Event(), Desk()
    traffic, pauses = Traffic(), list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    guard = Guard(desk, Limits(at_once=10), traffic, pause=pause)
    [late] = slow(guard, go_on, 1)
    await turns()
    others = many(guard, 10)
    await turns()
    go_on.set()
    answer = await asyncio.wait_for(late, 10)
    assert (answer.status, answer.headers["retry-after"], pauses) == (503, "1", [1.0])
    desk.go_on.set()
    assert {one.status for one in await asyncio.gather(*others)} == {202}
    assert not traffic.waiting
