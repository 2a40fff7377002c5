"""Thousands of power cuts in the record of one busy minute: what was promised is there, every time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from avgate_gateway.store import evidence

from ..flow.harness import a_request
from ..flow.sealed_file import database_of, file_opened, keys_in
from . import power
from .disk import Fault
from .house import house
from .lane import Lane
from .operations import LISTED, SMALL, package, three
from .power import Disk, Step

OTHER = 13  # the position of somebody whom `three` is not about


@dataclass(frozen=True, slots=True)
class Recording:
    """What was written in one life, and the files that it began with."""

    began: dict[str, bytearray | None] = field(repr=False)
    steps: list[Step] = field(repr=False)
    keys: dict[str, bytes] = field(repr=False)


@dataclass(slots=True)
class Found:
    """What came of a number of cuts."""

    cuts: int = 0
    promised: int = 0  # at most, by the last cut
    torn_back: int = 0  # cuts that took something away which was written
    wrong: list[str] = field(default_factory=list)


async def record(lane: Lane) -> Recording:
    """A busy minute: every operation, several at once, then what comes by itself later."""
    async with house(lane, counts="disk") as here:
        here.fault = Fault.RECORD
        began = power.before(here.folder)
        await here.start()
        await three(here)
        asked = [
            here.submit(a_request("export", here.person(LISTED)), "d"),
            here.submit(a_request("erase", here.person(OTHER)), "e"),
            here.submit(a_request("access", here.person(SMALL), identity=None), "f"),
        ]
        ids = await asyncio.gather(*asked)
        await here.post(f"/v1/requests/{ids[2]}/cancel")
        del here.bodies[ids[2]]
        await here.all_ended()
        await package(here, ids[0])
        await here.kill()
        return Recording(began, power.recorded(here.folder), keys_in(here.folder))


def cut_all(
    recording: Recording, folder: Path, number: int, seed: int, enough: int | None = None
) -> Found:
    """Cuts the power `number` times, evenly spread over the record, each with luck of its own.

    Ends early where `enough` of them came out wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found, luck = Found(), Random(seed)  # noqa: S311 -- throws that can be repeated
    for place, disk, promised in _moments(recording, number):
        files = disk.cut(luck)
        power.write(folder, files | recording.keys)
        found.cuts += 1
        found.promised = max(found.promised, len(promised))
        found.torn_back += any(disk.pending.values())
        wrong = _wrong(folder, promised)
        if wrong:
            found.wrong.append(f"--row cuts --seed {seed}, after write {place}: {wrong}")
            if len(found.wrong) == enough:
                break
    return found


def _moments(recording: Recording, number: int) -> Iterator[tuple[int, Disk, set[str]]]:
    """The disk at each moment that is to be the last, with the ids that were promised by then."""
    disk = Disk({name: content and bytearray(content) for name, content in recording.began.items()})
    promised: set[str] = set()
    every = len(recording.steps) / number
    due = 0.0
    for place, step in enumerate(recording.steps):
        disk.take(step)
        if step.what == "mark":
            promised.add(step.path)
        while due <= place:
            yield place, disk, promised
            due += every


def _wrong(folder: Path, promised: set[str]) -> str:
    """What is wrong with the files that were left; empty if nothing is."""
    try:
        with file_opened(folder) as plain:
            [sound] = plain.execute("PRAGMA integrity_check").fetchone()
            if sound != "ok":
                return "the database is broken"
        return asyncio.run(_lost(folder, promised))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the store does not open
        return f"{type(error).__name__}: {error}"


async def _lost(folder: Path, promised: set[str]) -> str:
    store = database_of(folder)
    try:
        async with store.read() as db:
            chain = await evidence.entries(db, limit=100_000)
    finally:
        await store.close()
    broken = evidence.first_broken(chain, evidence.BEGINNING, 0)
    if broken is not None:
        return f"entry {broken} of the evidence does not fit"
    with file_opened(folder) as plain:
        known = {row[0] for row in plain.execute("SELECT id FROM request")}
        answers = [
            json.loads(row[0])["id"] for row in plain.execute("SELECT body FROM idempotency")
        ]
    received = {entry.request_id for entry in chain if entry.event == "request.received"}
    wrong = {
        f"{len(promised - known)} requests were promised and are gone": not promised <= known,
        "a request without the key it came with": not promised <= set(answers),
        "requests and evidence differ": known != received,
    }
    return "; ".join(what for what, is_so in wrong.items() if is_so)
