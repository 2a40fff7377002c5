"""A disk that fails and recovers, a process that is frozen, a clock that jumps, deaths at random."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx

from ..flow.harness import JsonMap, a_request
from .checks import check
from .disk import Fault
from .house import House, house
from .lane import Lane
from .mounted import small_disk
from .operations import STREET, three
from .wrong import StuckError

_MOST_THAT_FIT, _REFUSED_IN_A_ROW = 300, 5
OTHER, THIRD = 13, 16  # positions of people whom `three` is not about
Trouble = Callable[[Lane, int], Coroutine[Any, Any, None]]


async def disk_full(lane: Lane, seed: int) -> None:
    await _disk_fails(lane, Fault.FULL, seed)


async def write_error(lane: Lane, seed: int) -> None:
    await _disk_fails(lane, Fault.WRITE_ERROR, seed)


async def sync_error(lane: Lane, seed: int) -> None:
    await _disk_fails(lane, Fault.SYNC_ERROR, seed)


async def _disk_fails(lane: Lane, fault: Fault, seed: int) -> None:
    async with house(lane, counts="disk") as here:
        await _under_way(here, seed)

        def heal() -> None:
            here.control.fault = Fault.NONE

        here.control.fault = fault
        await _endures(here, heal)


async def no_room(lane: Lane, seed: int) -> None:
    """A real disk without room for one block more, for the log too."""
    with small_disk(lane.folder / "disk") as disk:
        async with house(lane, folder=disk.folder / "run") as here:
            await _under_way(here, seed)
            disk.fill()
            await _until_nothing_fits(here)
            await _endures(here, disk.empty, little_fits=True)


async def read_only(lane: Lane, seed: int) -> None:
    """A real disk that may only be read from one moment to the next, and is mounted anew later."""
    with small_disk(lane.folder / "disk") as disk:
        async with house(lane, folder=disk.folder / "run") as here:
            disk.settle()
            await _under_way(here, seed)
            disk.fail()
            here.disk_failed = True
            await _everybody_is_told(here)
            assert here.is_up(), "it gave up: " + here.log()[-800:]
            await here.kill(signal.SIGTERM)
            disk.mend()
            await here.start()
            await _goes_on(here)


async def _under_way(here: House, seed: int) -> None:
    """Three requests, and a moment at which anything may be under way."""
    luck = Random(seed)  # noqa: S311 -- a throw that can be repeated
    await here.start()
    await three(here)
    await here.let_run(luck.uniform(0, 0.8))


async def _endures(here: House, heal: Callable[[], None], *, little_fits: bool = False) -> None:
    """While the disk fails, nothing is promised and everybody is told; once it is well, all goes on.

    Where what is smaller than a request may fit, that is promised, and has to be there then.
    """
    before = here.life.pid
    here.disk_failed = True
    extended = await _everybody_is_told(here, little_fits=little_fits)
    heal()
    assert here.is_up(), "it gave up: " + here.log()[-800:]
    assert here.life.pid == before
    await _goes_on(here)
    for request_id, due in extended.items():
        assert (await here.request(request_id))["due"] == due, "an extension was lost"


async def _until_nothing_fits(here: House) -> None:
    """Takes in what still fits into the blocks that the file system had set aside for the log.

    Those are promises as any other: each has to be there, and carried out, in the end.
    """
    body = a_request("access", here.person(THIRD), "operator")
    refused = 0
    for number in range(_MOST_THAT_FIT):
        key = f"fits-{number}"
        answer = await _posted(here, "/v1/requests", body, {"idempotency-key": key})
        if answer.status_code == 202:
            here.acknowledge(key, str(answer.json()["id"]), body)
        refused = 0 if answer.status_code == 202 else refused + 1
        if refused == _REFUSED_IN_A_ROW:
            return
        await asyncio.sleep(0.05)
    raise StuckError("requests are taken in for ever on a full disk")


async def _goes_on(here: House) -> None:
    await _is_ready(here, 200)
    await here.submit(a_request("access", here.person(THIRD), "operator"), "during")
    await here.all_ended()
    await check(here)


async def _everybody_is_told(here: House, *, little_fits: bool = False) -> dict[str, JsonMap]:
    """What was promised all the same: the days by request."""
    body = a_request("access", here.person(THIRD), "operator")
    for _ in range(5):
        answer = await _posted(here, "/v1/requests", body, {"idempotency-key": "during"})
        if little_fits and answer.status_code == 202:
            here.acknowledge("during", str(answer.json()["id"]), body)
        else:
            _is_honest(answer)
        await asyncio.sleep(0.05)
    await _is_ready(here, 503)
    open_still = next(one for one, asked in here.bodies.items() if asked["operation"] != "access")
    path = f"/v1/requests/{open_still}/extension"
    answer = await _posted(here, path, {"reason": "there is a lot of it"})
    live = await here.outside.get(f"{here.base}/health/live")
    assert live.status_code == 200, "nobody must restart it for a full disk"
    if little_fits and answer.is_success:
        return {open_still: answer.json()["due"]}
    _is_honest(answer)
    return {}


async def _posted(
    here: House, path: str, body: JsonMap, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """The one answer to a call, over a connection that nobody closes meanwhile for being idle."""
    every = {**here.client().headers, **(headers or {})}
    return await here.outside.post(f"{here.base}{path}", json=body, headers=every)


def _is_honest(answer: httpx.Response) -> None:
    assert answer.status_code in {503, 507}, f"{answer.status_code} {answer.text[:200]}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


async def _is_ready(here: House, status: int) -> None:
    end, seen = time.monotonic() + 60, 0
    while time.monotonic() < end:
        seen = (await here.outside.get(f"{here.base}/health/ready")).status_code
        if seen == status:
            return
        await asyncio.sleep(0.05)
    raise StuckError(f"readiness is {seen} and not {status}: {here.log()[-800:]}")


async def frozen(lane: Lane, seed: int) -> None:
    """The process stands still while the world goes on, and then goes on itself."""
    luck = Random(seed)  # noqa: S311 -- a throw that can be repeated
    async with house(lane) as here:
        await here.start()
        await three(here)
        request_id = await here.submit(a_request("erase", here.person(OTHER)), "d")
        await here.approve(request_id)
        for _ in range(3):
            await here.let_run(luck.uniform(0, 0.5))
            os.kill(here.life.pid, signal.SIGSTOP)
            await here.let_pass(seconds=luck.choice((5, 60, 3600)))
            waiting = asyncio.create_task(here.request(request_id))
            await asyncio.sleep(luck.uniform(0.05, 0.5))
            os.kill(here.life.pid, signal.SIGCONT)
            await waiting
        await here.all_ended()
        await check(here)


async def clock_back(lane: Lane, seed: int) -> None:
    await _clock_jumps(lane, seed, timedelta(hours=-1))


async def clock_ahead(lane: Lane, seed: int) -> None:
    await _clock_jumps(lane, seed, timedelta(days=3653))


async def _clock_jumps(lane: Lane, seed: int, step: timedelta) -> None:
    """The clock jumps while three requests run: no deadline moves, and none of them hangs."""
    luck = Random(seed)  # noqa: S311 -- a throw that can be repeated
    async with house(lane) as here:
        await here.start()
        await three(here)
        due = {one: (await here.request(one))["due"] for one in here.bodies}
        await here.let_run(luck.uniform(0, 0.8))
        here.lane.wall.push(seconds=step.total_seconds())
        here.clocks_agree = False
        if step < timedelta(0):
            await here.let_run(0.3)
            for one in here.bodies:
                shown = await here.request(one)
                assert shown["state"] != "closed" or shown["closed_at"], "closed without a moment"
            here.lane.wall.push(seconds=luck.choice((0.0, -step.total_seconds())))
        for one, body in here.bodies.items():
            if body["operation"] != "access":
                await here.approve(one)
        # Whatever waits for a moment that an upstream named comes to it by a clock an hour slow too,
        # however late it began to wait.
        here.step = 300.0
        await here.all_ended()
        for one, dates in due.items():
            assert (await here.request(one))["due"] == dates, "a deadline moved with the clock"
        await check(here)


async def at_random(lane: Lane, seed: int) -> None:
    """Killed again and again at any moment, with several callers asking at once."""
    luck = Random(seed)  # noqa: S311 -- a throw that can be repeated
    async with house(lane) as here:
        await here.start()
        asking = asyncio.create_task(_asking(here, luck))
        for _ in range(luck.randint(2, 5)):
            await asyncio.sleep(luck.uniform(0.02, 1.2))
            here.strike()
            await here.revive()
        await asking
        await here.revive()
        await here.all_ended()
        await check(here)


async def _asking(here: House, luck: Random) -> None:
    """Six requests for as many people, by callers who repeat themselves until they are answered."""
    people = [p for p in here.world.people[6:] if p.controller == "libervoice"]
    luck.shuffle(people)
    bodies: list[JsonMap] = []
    operations = ("erase", "access", "rectify", "erase", "export", "access")
    for operation, person in zip(operations, people, strict=False):
        more = {"changes": STREET} if operation == "rectify" else {}
        only = ("operator", "directory") if operation == "rectify" else ()
        bodies.append(a_request(operation, person, *only, **more))
    keys = [str(UUID(int=luck.getrandbits(128))) for _ in bodies]
    await asyncio.gather(*(here.submit(b, k) for b, k in zip(bodies, keys, strict=True)))


TROUBLES: dict[str, Trouble] = {
    "disk_full": disk_full,
    "write_error": write_error,
    "sync_error": sync_error,
    "no_room": no_room,
    "read_only": read_only,
    "frozen": frozen,
    "clock_back": clock_back,
    "clock_ahead": clock_ahead,
    "at_random": at_random,
}
MOUNTED = frozenset({"no_room", "read_only"})  # they need a disk of their own
