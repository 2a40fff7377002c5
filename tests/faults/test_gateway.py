"""The whole gateway behind the proxy: a fault that stays is seen, and once it is gone, all is done.

Whatever an upstream does for a day, a request ends closed, or it waits visibly: with a code, a
reason, and the time of the next try or a person to act. After that it is carried out, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.http import Runtime
from avgate_gateway.assembly import assemble
from avgate_gateway.settings import load
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.upstreams import MOCKS

from ..flow.harness import JsonMap, a_request  # noqa: TID252 -- tests are no packages of one another
from ..flow.indoors import Indoors  # noqa: TID252 -- likewise
from .mischief import FAULTS
from .proxy import Play, Request
from .roads import ROAD_FAULTS
from .ruled import RuledLoop
from .spots import kind_of
from .stage import Stage, transport
from .test_table import EVERY, turn

GRACE, STEP = 0.012, 900.0  # seconds: the database answers from a thread, and a retry takes hours
FEW = 8  # one in so many with `make test`
BY_NAME = {fault.name: fault for fault in FAULTS}
# One of each sort that a gateway has to tell apart.
STAYING = (
    "never answers", "closes without a reply", "answer lost: closed", "body cut by RST",
    "body that drips", "endless chunks", "gzip bomb", "log-in page with 200", "302 to metadata",
    "401", "403", "404 of a stranger", "409", "429 for an hour", "503 before", "504 after",
    "202 and nothing done", "truncated, length right", "a key twice",
)  # fmt: skip


@dataclass
class RuledTime:
    """The stage's time; sleeping lets it pass."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pushed: timedelta = field(default=timedelta(0))


class Ruled(Indoors):
    """A gateway whose hours are the loop's."""

    async def let_pass(self, **span: float) -> None:
        await asyncio.sleep(timedelta(**span).total_seconds())
        await self.settle()


@asynccontextmanager
async def gateway(name: str, folder: Path) -> AsyncIterator[tuple[Ruled, Stage]]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, RuledLoop)
    stage = Stage(name, loop)
    await stage.start()
    path = folder / "avgate.toml"
    config = gateway_config(stage.world, MOCKS, {name: stage.proxy.port})
    rule = 'approval_exempt_clients = ["nobody"]\nanswer_within_days'
    path.write_text(config.replace("answer_within_days", rule))
    time: Any = RuledTime(stage.now)
    runtime = Runtime(
        transport=transport(), now=stage.now, sleep=asyncio.sleep, monotonic=loop.time
    )
    made = Ruled(assemble(load(path, {}), runtime), time, stage.world, {}, folder, [])
    try:
        yield made, stage
    finally:
        for client in (made.outside, *made.clients.values()):
            await client.aclose()
        for http in made.assembled.clients:
            await http.aclose()
        await made.assembled.context.database.close()
        await stage.exits.aclose()


def staying(fault: str, kind: str) -> Callable[[Request], Play | None]:
    """A plan that spoils every call of a kind."""

    def plan(request: Request) -> Play | None:
        return BY_NAME[fault].play if kind_of(request.template) == kind else None

    return plan


def visible(shown: JsonMap) -> bool:
    """Whether a request says what is the matter, and what happens next."""
    if shown["state"] == "closed":
        return True
    parts = [part for part in shown["connectors"] if part["stage"] != "done"]
    # What the upstream has accepted is asked after in time; all else has a reason.
    waits = [part for part in parts if part["stage"] == "confirm" and not part["attempts"]]
    told = all(part["reason_code"] and part["reason"] for part in parts if part not in waits)
    moves = all(part["next_attempt_at"] or shown["waiting_for"] == "person" for part in parts)
    return bool(shown["waiting_for"]) and told and moves


async def over(here: Ruled, request_id: str) -> JsonMap:
    """The request once nothing more happens by itself, after days if need be."""
    shown: JsonMap = {}
    for _ in range(40):
        await here.settle()
        shown = await here.request(request_id)
        if shown["waiting_for"] == "approval":
            assert (await here.decide(request_id)).status_code == 200
        elif shown["state"] == "closed" or shown["waiting_for"] == "person":
            return shown
        else:
            await here.let_pass(hours=3)
    raise AssertionError(f"it never ends: {shown}")


async def through(name: str, operation: str, kind: str, fault: str, folder: Path) -> None:
    async with gateway(name, folder) as (here, stage):
        request_id = await here.submit(a_request(operation, stage.subject, name))
        if operation == "erase":
            shown = await here.until(request_id, "approval")
            stage.forget()
            await spoil(stage, fault, kind)
            assert (await here.decide(request_id)).status_code == 200
        else:
            stage.forget()
            await spoil(stage, fault, kind)
        await here.settle()
        shown = await here.request(request_id)
        assert shown["state"] == "closed" or visible(shown), shown
        shown = await over(here, request_id)
        assert visible(shown), shown
        stage.forget()
        if shown["state"] != "closed":
            await here.caller().post(f"/v1/requests/{request_id}/retry", json={})
            shown = await over(here, request_id)
        assert visible(shown), shown
        effects = Counter(
            (one["kind"], one["path"]) for one in await stage.ledger() if one["method"]
        )
        # Two, where a person said "again" of something that had been told as failed.
        assert all(times <= 2 for times in effects.values()), effects
        assert await here.chain_breaks_at() is None


async def spoil(stage: Stage, fault: str, kind: str) -> None:
    await stage.proxy.hang_up()  # or what is open already would not meet it
    for road in ROAD_FAULTS:
        if road.name == fault:
            road.lay(stage, lambda _: True)
            return
    stage.proxy.plan = staying(fault, kind)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    with asyncio.Runner(loop_factory=lambda: RuledLoop(GRACE, STEP)) as made:
        yield made


@pytest.mark.parametrize("fault", ["connection refused", *STAYING])
@pytest.mark.parametrize(
    ("name", "operation", "kind"),
    [
        ("operator", "access", "read"),
        ("xelion", "erase", "write"),
        ("directory", "erase", "write"),
        ("subprocessors", "erase", "write"),
    ],
)
def test_a_fault_that_stays_is_seen_and_what_was_asked_is_done_once_it_has_gone(
    name: str, operation: str, kind: str, fault: str, runner: asyncio.Runner, tmp_path: Path
) -> None:
    if not EVERY and turn(name) % FEW != turn(fault) % FEW:
        pytest.skip("its turn comes with another seed, and with `make faults`")
    runner.run(through(name, operation, kind, fault, tmp_path))
