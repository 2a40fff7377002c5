"""Level 3, resilience: a connector that is told to stop stops."""

from __future__ import annotations

import asyncio
from functools import partial

from avgate_contracts.kit.bench import bench_of
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.halt import Halt
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.story import Play
from avgate_contracts.kit.verdict import expect, some

_PLACES = 6  # in each story


class CancellationLaws(Declared):
    """What holds at every call of every story."""

    @law(3)
    async def test_cancelled_it_stops_at_once_and_says_so(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in bench.stories:
            for step, nth in spread(_calls(await bench.happy(story)), _PLACES):
                ends: list[str] = []
                halt = Halt(step, nth)
                await bench.rehearse(
                    story,
                    halt.plan,
                    script=partial(_cancelled, story, halt, bench.cast.limits.concurrency, ends),
                )
                wrong += [f"in {step!r}: {end}" for end in ends]
        expect(
            not wrong,
            "cancelled while it waits for an answer, it ends at once with CancelledError",
            some(wrong),
            "never catch CancelledError or BaseException; clean up with try/finally or async with",
        )


async def _cancelled(story: str, halt: Halt, most: int, ends: list[str], play: Play) -> None:
    task = await halt.run(play.play(story))
    if not halt.is_reached:
        ends.append("makes another call than in the recording")
    elif not task.done():
        ends.append("does not end")
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    elif not task.cancelled():
        ends.append("ends as if it had not been cancelled")
        task.exception()
    elif halt.after > most:
        ends.append("goes on calling")


def _calls(run: Run) -> list[tuple[str, int]]:
    """Every call by its step, and its number in that."""
    found: list[tuple[str, int]] = []
    count: dict[str, int] = {}
    for asked in run.asked:
        if not asked.is_token:
            nth = count.setdefault(asked.step, 0)
            count[asked.step] += 1
            found.append((asked.step, nth))
    return found
