"""What is done again and again does not end, or stand still, without anybody seeing it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from avgate_gateway.api.application import application
from avgate_gateway.assembly import Assembled, assemble
from avgate_gateway.claims import Alone, Claims
from avgate_gateway.rounds import Rounds
from avgate_gateway.settings import load
from avgate_gateway.store.cut_short import AwayError

from .test_metrics import House, house  # noqa: F401 -- a fixture

KEYS = {
    "sweep", "orphans", "tidy", "lists", "checkpoints", "keys", "handovers", "refusals",
    "old_webhooks", "sessions", "terms",
}  # fmt: skip
CONFIG = """
[controllers.a]
title = "A"
retention = "libervoice-2019"
"""


class ClockApart(Alone):
    """As a process whose clock is far from the database's says of itself."""

    def trouble(self) -> str | None:
        return "This machine's clock is 400 seconds ahead of the database's."


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 -- what is waited for knows nothing of events
            await asyncio.sleep(0.01)


async def nothing() -> None:
    """Done at once."""


def rounds_of(work: Callable[[], Awaitable[object]], **more: bool | float) -> Rounds:
    made = Rounds(again_seconds=0.05)
    made.every(0.0, "sweep", "The sweep", work, **more)  # type: ignore[arg-type]  # as each test says
    return made


async def test_one_that_is_killed_is_told_and_begun_anew(lines: pytest.LogCaptureFixture) -> None:
    gone = 0

    async def work() -> None:
        nonlocal gone
        gone += 1

    rounds = rounds_of(work)
    rounds.start()
    await until(lambda: gone > 2)
    assert rounds.standstills() == []
    rounds.tasks[0].cancel()
    await until(lambda: bool(rounds.standstills()))
    [still] = rounds.standstills()
    assert still.says.startswith("The sweep ended (cancelled), 0 seconds ago: it begins anew")
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [(one["event"], one["round"]) for one in told] == [("round.died", "sweep")]
    before = gone
    await until(lambda: gone > before)
    assert rounds.standstills() == []
    await rounds.stop()
    assert len(lines.records) == 1  # an end that was asked for is none to tell


async def test_one_that_fails_goes_on_and_one_that_breaks_is_begun_anew() -> None:
    raised: list[type[BaseException]] = [KeyError, GeneratorExit]
    gone = 0

    async def work() -> None:
        nonlocal gone
        if raised:
            raise raised.pop(0)
        gone += 1

    rounds = rounds_of(work)
    rounds.start()
    await until(lambda: gone > 0)
    assert raised == []
    await rounds.stop()


async def test_a_database_that_is_away_is_told_once_a_minute_and_is_no_mistake_of_ours(
    lines: pytest.LogCaptureFixture,
) -> None:
    at, gone = 0.0, 0

    async def work() -> None:
        nonlocal gone
        gone += 1
        raise AwayError("the disk of the database is full; make room (OperationalError)")

    rounds = Rounds(monotonic=lambda: at)
    for key in ("sweep", "keys"):
        rounds.every(0.0, key, key, work)
    rounds.start()
    await until(lambda: gone > 20)
    at, gone = 60.0, 0
    await until(lambda: gone > 20)
    await rounds.stop()
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [(one["event"], one["reason"][:8]) for one in told] == [
        ("database.away", "the disk")
    ] * 2


async def test_one_that_was_not_begun_or_hangs_is_told() -> None:
    now = 100.0
    rounds = Rounds(monotonic=lambda: now)
    rounds.every(1.0, "sweep", "The sweep", asyncio.Event().wait, longest=30, is_vital=True)
    [still] = rounds.standstills()
    assert (still.says[:24], still.is_vital) == ("The sweep was not begun:", True)
    rounds.start()
    await asyncio.sleep(0)
    now += 30
    assert rounds.standstills() == []
    now += 2
    [still] = rounds.standstills()
    assert "has not come to its end for 32 seconds" in still.says
    await rounds.stop()


async def test_who_looks_is_told_what_stands_still_and_turned_away_where_it_is_vital(
    house: House,  # noqa: F811 -- the fixture that is imported
) -> None:
    async def ready(rounds: Rounds, claims: Claims | None = None) -> tuple[int, str]:
        gateway = replace(house.gateway, rounds=rounds, claims=claims or Alone())
        app = application(gateway, house.verifier, house.limits)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(base_url="http://gateway.test", transport=transport) as http:
            answer = await http.get("/health/ready")
        return answer.status_code, str(answer.json())

    status, told = await ready(rounds_of(nothing))
    assert (status, "'stopped': 'The sweep was not begun: restart" in told) == (200, True)
    status, told = await ready(rounds_of(nothing, is_vital=True))
    assert (status, "The sweep was not begun: restart" in told) == (503, True)
    status, told = await ready(Rounds(), ClockApart())
    assert (status, "clock is 400 seconds ahead" in told) == (503, True)


@pytest_asyncio.fixture
async def assembled(tmp_path: Path) -> AsyncIterator[Assembled]:
    (tmp_path / "avgate.toml").write_text(f'database = "sqlite:///{tmp_path}/a.db"\n{CONFIG}')
    yield assemble(load(tmp_path / "avgate.toml", {}))


async def test_a_gateway_watches_over_all_it_does_again_and_again(assembled: Assembled) -> None:
    rounds = assembled.gateway.rounds
    assert {one.key for one in rounds.standstills()} == KEYS
    async with assembled.running():
        assert rounds.states() == dict.fromkeys(KEYS, True)
        for task in rounds.tasks:
            task.cancel()
        await until(lambda: len(rounds.standstills()) == len(KEYS))
