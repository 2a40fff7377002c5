"""Turns at what one uses at a time: callers first, and nobody for ever behind them."""

from __future__ import annotations

import asyncio

import pytest

from avgate_gateway.store.write_lock import MOST_IN_A_ROW, WriteLock


class Crowd:
    """Who wants a turn, and who had one, in that order."""

    def __init__(self) -> None:
        self.lock = WriteLock()
        self.had: list[str] = []
        self.went_last: list[bool] = []  # of those ahead, as it was in each turn

    async def wants(self, name: str, *, ahead: bool = False) -> asyncio.Task[None]:
        """Waits in its queue when this ends."""
        one = asyncio.create_task(self._goes(name, ahead=ahead))
        await asyncio.sleep(0)
        return one

    async def _goes(self, name: str, *, ahead: bool) -> None:
        await self.lock.acquire(ahead=ahead)
        self.had.append(name)
        self.went_last.append(self.lock.goes_last)
        await asyncio.sleep(0)
        self.lock.release()


@pytest.fixture
async def crowd() -> Crowd:
    """Nobody has had a turn yet, for somebody else has it."""
    made = Crowd()
    await made.lock.acquire()
    return made


async def test_callers_go_first_and_each_queue_in_its_order(crowd: Crowd) -> None:
    names = ("a", "b", "A", "c", "B")
    waiting = [await crowd.wants(name, ahead=name.isupper()) for name in names]
    crowd.lock.release()
    await asyncio.gather(*waiting)
    assert crowd.had == ["A", "B", "a", "b", "c"]


async def test_nobody_waits_for_ever_behind_callers(crowd: Crowd) -> None:
    waiting = [await crowd.wants("other"), await crowd.wants("another")]
    waiting += [await crowd.wants("caller", ahead=True) for _ in range(2 * MOST_IN_A_ROW + 1)]
    crowd.lock.release()
    await asyncio.gather(*waiting)
    assert crowd.had[MOST_IN_A_ROW] == "other"
    assert crowd.had[2 * MOST_IN_A_ROW + 1] == "another"


async def test_who_is_the_last_ahead_is_known_also_where_more_have_to_wait(crowd: Crowd) -> None:
    waiting = [await crowd.wants("other")]
    waiting += [await crowd.wants("caller", ahead=True) for _ in range(MOST_IN_A_ROW + 2)]
    crowd.lock.release()
    await asyncio.gather(*waiting)
    last = [place for place, is_last in enumerate(crowd.went_last) if is_last]
    assert last[0] == MOST_IN_A_ROW - 1, "nobody else has had a turn yet, and will have the next"
    assert last[-1] == MOST_IN_A_ROW + 2


@pytest.mark.parametrize("ahead", [True, False])
async def test_who_gives_up_waiting_is_passed_over(crowd: Crowd, *, ahead: bool) -> None:
    first, second = await crowd.wants("1", ahead=ahead), await crowd.wants("2", ahead=ahead)
    first.cancel()  # and is still in the queue when the turn is given back
    crowd.lock.release()
    await second
    assert first.cancelled()
    assert crowd.had == ["2"]


@pytest.mark.parametrize("ahead", [True, False])
async def test_a_turn_that_came_a_moment_too_late_goes_to_the_next(
    crowd: Crowd, *, ahead: bool
) -> None:
    first, second = await crowd.wants("1", ahead=ahead), await crowd.wants("2", ahead=ahead)
    crowd.lock.release()
    first.cancel()  # it is theirs, and they never hear of it
    await second
    assert crowd.had == ["2"]
    await crowd.lock.acquire()  # free again
