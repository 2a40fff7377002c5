"""How often somebody may call: the count of one process, and its share of everybody's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from avgate_gateway.guard.rate import Policy, Rate, Taken


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Book:
    """A ledger in memory, whose window begins with the first call, and which can be away."""

    clock: Clock
    spent: int = 0
    ends: float = 0.0
    asked: list[int] = field(default_factory=list)
    is_away: bool = False
    seconds: float = 0.0  # until it says so
    gate: asyncio.Event | None = None
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, policy: Policy, key: tuple[str, ...], wanted: int) -> Taken | None:
        assert key == ("libervoice", "portal")
        self.asked.append(wanted)
        self.was_asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            assert len(self.asked) < 10, "it is asked for ever"
            self.clock.now += self.seconds
            return None
        if self.clock() >= self.ends:
            self.spent, self.ends = 0, self.clock() + policy.seconds
        granted = min(wanted, policy.quota - self.spent)
        self.spent += granted
        return Taken(granted, policy.quota - self.spent, self.ends - self.clock())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> Book:
    return Book(clock)


async def within(rate: Rate, calls: int) -> int:
    """How many of so many calls, one after the other, were within the limit."""
    standings = [await rate.together("libervoice", "portal") for _ in range(calls)]
    return sum(standing.is_within for standing in standings)


def counting(quota: int, book: Book, seconds: int = 60) -> Rate:
    return Rate(Policy("client", quota, seconds), book, book.clock)


@pytest.mark.parametrize("quota", [1, 2, 10, 127, 128, 1_000, 5_000])
async def test_a_window_has_exactly_its_quota(book: Book, quota: int) -> None:
    assert await within(counting(quota, book), 2 * quota + 3) == quota


@pytest.mark.parametrize("quota", [1, 2, 10, 127, 1_000, 5_000])
async def test_processes_that_are_both_asked_let_in_exactly_the_quota(
    book: Book, quota: int
) -> None:
    one, other = counting(quota, book), counting(quota, book)
    total = 0
    for _ in range(2 * quota):
        total += await within(one, 1) + await within(other, 1)
    assert total == quota


@pytest.mark.parametrize("quota", [10, 100, 127])
async def test_of_a_small_quota_no_process_keeps_any_from_another(book: Book, quota: int) -> None:
    one, other = counting(quota, book), counting(quota, book)
    first = await within(one, quota // 2)
    assert first + await within(other, quota) == quota


@pytest.mark.parametrize("quota", [128, 1_000, 60_000])
async def test_of_a_large_quota_a_process_keeps_a_64th_at_most(book: Book, quota: int) -> None:
    one, other = counting(quota, book), counting(quota, book)
    first = await within(one, quota // 2)
    total = first + await within(other, quota)
    assert quota - quota // 64 <= total <= quota


async def test_a_process_that_is_called_once_keeps_nothing_from_another(book: Book) -> None:
    one, other = counting(1_000, book), counting(1_000, book)
    assert await within(one, 1) + await within(other, 1_000) == 1_000


async def test_the_ledger_is_rarely_asked(book: Book) -> None:
    """60,000 calls a minute cost some nine questions a second, and 3,600 a dozen in all."""
    rate = counting(60_000, book)
    await within(rate, 3_600)
    assert len(book.asked) <= 15
    await within(rate, 56_400)
    assert len(book.asked) <= 550


async def test_a_caller_who_is_refused_costs_no_question(book: Book) -> None:
    rate = counting(3, book)
    await within(rate, 3)
    asked = len(book.asked)
    assert await within(rate, 100) == 0
    assert len(book.asked) == asked


async def test_what_was_in_hand_ends_with_its_window(clock: Clock, book: Book) -> None:
    rate = counting(640, book)
    assert await within(rate, 100) == 100
    clock.now += 60
    assert await within(rate, 1_000) == 640


async def test_a_window_lasts_from_its_first_call(clock: Clock, book: Book) -> None:
    rate = counting(2, book)
    await within(rate, 1)
    clock.now += 59.5
    assert await within(rate, 5) == 1
    clock.now += 0.5
    assert await within(rate, 5) == 2


async def test_who_waits_for_a_share_is_counted_into_it(book: Book) -> None:
    book.gate = asyncio.Event()
    rate = counting(1_000, book)
    calls = [asyncio.create_task(rate.together("libervoice", "portal")) for _ in range(64)]
    await book.was_asked.wait()
    book.gate.set()
    standings = await asyncio.gather(*calls)
    assert all(standing.is_within for standing in standings)
    assert len(book.asked) <= 2


async def test_what_cannot_be_counted_is_let_in_by_the_second(clock: Clock, book: Book) -> None:
    book.is_away = True
    rate = counting(600, book)
    assert await within(rate, 100) == 10
    clock.now += 1
    assert await within(rate, 100) == 10
    assert len(book.asked) == 2
    book.is_away = False
    clock.now += 1
    assert await within(rate, 1_000) == 600


async def test_callers_are_told_what_is_left_and_for_how_long(clock: Clock, book: Book) -> None:
    rate = counting(3, book)
    told = []
    for _ in range(4):
        standing = await rate.together("libervoice", "portal")
        told.append((standing.is_within, standing.left, standing.seconds))
        clock.now += 0.25
    assert told == [(True, 2, 60), (True, 1, 60), (True, 0, 60), (False, 0, 60)]
    clock.now += 58.5
    standing = await rate.together("libervoice", "portal")
    assert (standing.is_within, standing.seconds) == (False, 1)


def test_a_process_by_itself_counts_each_key_and_forgets_the_oldest(clock: Clock) -> None:
    rate = Rate(Policy("refusals", 2, 60), None, clock)
    assert [rate.alone("a").is_within for _ in range(3)] == [True, True, False]
    assert rate.alone("b").is_within
    for number in range(5_000):
        rate.alone(str(number))
    assert rate.alone("a").is_within
    clock.now += 60
    assert [rate.alone("4999").is_within for _ in range(3)] == [True, True, False]


async def test_a_ledger_that_is_slow_to_say_nothing_is_asked_once_for_a_call(
    clock: Clock, book: Book
) -> None:
    book.is_away, book.seconds = True, 20.0
    assert await within(counting(6_000, book), 2) == 2
    assert len(book.asked) == 1, "what one call was let in for pays for the next"
