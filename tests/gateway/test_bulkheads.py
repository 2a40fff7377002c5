"""The places at upstreams: given out in order, a few at each, and to everybody some day."""

from __future__ import annotations

import asyncio

import pytest

from avgate_gateway.bulkheads import NONE, Bulkheads, FullError, at_upstream, leave_upstream

SLOW, QUICK = frozenset({"a/slow"}), frozenset({"a/quick"})
BOTH = SLOW | QUICK


async def entering(
    bulkheads: Bulkheads, names: frozenset[str], inside: list[str], name: str, go: asyncio.Event
) -> None:
    async with bulkheads.entered(names):
        inside.append(name)
        await go.wait()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_places_go_to_whoever_came_first_and_finds_all_of_theirs_free() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1), list[str](), asyncio.Event()
    first = asyncio.Event()
    tasks = [
        asyncio.create_task(entering(bulkheads, SLOW, inside, "1", first)),
        asyncio.create_task(entering(bulkheads, SLOW | QUICK, inside, "2", go)),
        asyncio.create_task(entering(bulkheads, QUICK, inside, "3", go)),
        asyncio.create_task(entering(bulkheads, SLOW, inside, "4", go)),
    ]
    await turns()
    assert inside == ["1", "3"]  # the third needs nothing that the second waits for
    go.set()
    await turns()
    assert inside == ["1", "3"]
    first.set()
    await asyncio.gather(*tasks)
    assert inside[2:] == ["2", "4"]


async def test_one_that_is_given_up_while_it_waits_takes_no_place() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1), list[str](), asyncio.Event()
    first = asyncio.create_task(entering(bulkheads, SLOW, inside, "1", go))
    second = asyncio.create_task(entering(bulkheads, SLOW, inside, "2", go))
    third = asyncio.create_task(entering(bulkheads, SLOW, inside, "3", go))
    await turns()
    go.set()
    await asyncio.sleep(0)  # the first has left, and the second was given its place
    second.cancel()
    await asyncio.gather(first, third)

    assert inside in (["1", "3"], ["1", "2", "3"])
    assert bulkheads._taken["a/slow"] == 0


async def test_no_more_wait_than_there_is_room_for() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1, waiting=1), list[str](), asyncio.Event()
    tasks = [
        asyncio.create_task(entering(bulkheads, SLOW, inside, str(number), go))
        for number in range(2)
    ]
    await turns()
    with pytest.raises(FullError):
        await entering(bulkheads, SLOW, inside, "3", go)
    go.set()
    await asyncio.gather(*tasks)


async def test_a_crowd_at_one_upstream_leaves_the_queue_of_another_its_room() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1, waiting=1), list[str](), asyncio.Event()
    tasks = [
        asyncio.create_task(entering(bulkheads, names, inside, name, go))
        for names, name in ((SLOW, "1"), (SLOW, "2"), (QUICK, "3"), (QUICK, "4"))
    ]
    await turns()
    assert (inside, bulkheads.waiting) == (["1", "3"], 2)
    assert bulkheads.crowded == {"a/slow", "a/quick"}
    go.set()
    await asyncio.gather(*tasks)
    assert sorted(inside) == ["1", "2", "3", "4"]
    assert bulkheads.crowded == frozenset()


async def test_who_stays_long_makes_room_for_more_up_to_a_limit() -> None:
    seconds, inside, go = [0.0], list[str](), asyncio.Event()
    bulkheads = Bulkheads(at_each=2, at_most=5, monotonic=lambda: seconds[0])
    tasks = [
        asyncio.create_task(entering(bulkheads, SLOW, inside, str(number), go))
        for number in range(9)
    ]
    counts = []
    await turns()
    for _ in range(4):
        bulkheads.review()
        await turns()
        counts.append(len(inside))
        seconds[0] += 2
    assert counts == [2, 4, 5, 5]
    go.set()
    await asyncio.gather(*tasks)


async def test_one_who_needs_two_in_demand_has_its_turn_too() -> None:
    bulkheads, inside = Bulkheads(at_each=1), list[str]()
    leave = [asyncio.Event() for _ in range(12)]
    names = [SLOW, QUICK] * 6
    tasks = [
        asyncio.create_task(entering(bulkheads, names[number], inside, str(number), leave[number]))
        for number in range(2)
    ]
    await turns()
    go = asyncio.Event()
    both = asyncio.create_task(entering(bulkheads, BOTH, inside, "both", go))
    await turns()
    tasks += [
        asyncio.create_task(entering(bulkheads, names[number], inside, str(number), leave[number]))
        for number in range(2, 12)
    ]
    for event in leave[:6]:  # never two of them at once
        await turns()
        event.set()
    await turns()
    assert "both" in inside
    for event in (*leave, go):
        event.set()
    await asyncio.gather(both, *tasks)
    assert not any(bulkheads.taken.values())


async def test_one_that_kept_a_place_and_is_given_up_gives_it_back() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1), list[str](), asyncio.Event()
    slow = asyncio.create_task(entering(bulkheads, SLOW, inside, "slow", go))
    await turns()
    both = asyncio.create_task(entering(bulkheads, BOTH, inside, "both", go))
    passing_by: list[asyncio.Task[None]] = []
    for number in range(3):
        free = asyncio.Event()
        free.set()
        passing = entering(bulkheads, QUICK, inside, str(number), free)
        passing_by.append(asyncio.create_task(passing))
        await turns()
        if not passing_by[-1].done():
            break
    assert inside == ["slow", "0", "1"]  # the third finds that it is kept
    both.cancel()
    await asyncio.gather(both, return_exceptions=True)
    await asyncio.wait_for(passing_by[-1], 5)
    go.set()
    await slow
    assert not any(bulkheads.taken.values())


async def test_a_part_that_is_begun_anew_waits_for_a_place_of_its_own() -> None:
    bulkheads, go, done = Bulkheads(at_each=1), asyncio.Event(), list[str]()

    async def twice() -> None:
        async with bulkheads.entered(frozenset({NONE})):
            async with at_upstream("a", "slow"):
                assert bulkheads.taken == {NONE: 0, "a/slow": 1}
                await go.wait()
            async with at_upstream("a", "slow"):
                done.append("again")

    one = asyncio.create_task(twice())
    await turns()
    waits = asyncio.create_task(entering(bulkheads, SLOW, done, "other", go))
    await turns()
    assert not done
    go.set()
    await asyncio.gather(one, waits)
    assert done == ["other", "again"]


async def test_a_part_that_waits_for_another_gives_its_place_away_meanwhile() -> None:
    bulkheads = Bulkheads(at_each=1)
    async with bulkheads.entered(BOTH):
        leave_upstream("a", "quick")
        assert bulkheads.taken == {"a/slow": 1, "a/quick": 0}
    assert not any(bulkheads.taken.values())


async def test_whoever_works_without_an_engine_needs_no_place() -> None:
    leave_upstream("a", "slow")
    async with at_upstream("a", "slow"):
        pass


async def test_closing_sends_away_who_waits_and_who_comes() -> None:
    bulkheads, inside, go = Bulkheads(at_each=1), list[str](), asyncio.Event()
    first = asyncio.create_task(entering(bulkheads, SLOW, inside, "1", go))
    second = asyncio.create_task(entering(bulkheads, SLOW, inside, "2", go))
    await turns()
    bulkheads.close()
    with pytest.raises(FullError):
        await second
    with pytest.raises(FullError):
        await entering(bulkheads, QUICK, inside, "3", go)
    go.set()
    await first
