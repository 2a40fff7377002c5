"""The model keeps up with the code: whatever the real flow does, step by step, the model can do."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.fake_upstream import Upstream
from tests.gateway.mortal import Mortal
from tests.gateway.office import MAIL, NAMES, PACK, PHONE, Office

from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import WaitingFor
from avgate_gateway.store import items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.migrations import migrate

from .simulate import Seen, run

Step = tuple[Any, Any]
MODEL_SEEDS = 1500
WALKS = 10
KINDS = ("card", "card", "call", "by hand")
MOODS = (
    "down", "lost before", "lost after", "bug after", "refuse", "service runs", "fail", "silent",
    "lie", "pending", "pending and lost", "schedule", "schedule and forget", "the first only",
    "unknown before", "unknown after",
)  # fmt: skip
TROUBLES = ("down", "down", "no", "bug", "ambiguous")
PASSES = (timedelta(seconds=2), timedelta(hours=2), timedelta(days=1), timedelta(days=8))
PEOPLE = ("approve", "approve", "approve", "reject", "cancel", "verify", "retry all", "retry crm")


@pytest.fixture(scope="module")
def model() -> set[Step]:
    """All steps that the model was seen to take."""
    seen = Seen(states=None)
    for seed in range(MODEL_SEEDS):
        run(seed, seen=seen)
        run(seed, seen=seen, wild=True)
    return set(seen.steps)


@dataclass(slots=True)
class Book:
    """The steps that the real flow took: where everything was before each commit, and after."""

    steps: set[Step] = field(default_factory=set)
    turns: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    stages: dict[tuple[str, str], Any] = field(default_factory=dict)

    async def note(self, db: Connection, request_id: str) -> None:
        request = await requests.find(db, request_id)
        if request is None:
            return
        state, waits = request.state.value, request.waiting_for
        self._step(self.turns, request_id, (state, waits and waits.value))
        before = dict(self.stages)
        for task in await tasks.of_request(db, request_id):
            self.stages[request_id, task.connector] = (state, task.stage.value)
        found = await items.select(db, request_id, limit=1000)
        now = {(request_id, i.connector, i.digest): i.state.value for i in found}
        for key in now.keys() | {key for key in self.places if key[0] == request_id}:
            if key not in self.places and key[:2] in before:
                self.places[key] = (*before[key[:2]], None)
            self._step(self.places, key, (*self.stages[key[:2]], now.get(key)))

    def _step(self, places: dict[Any, Any], key: Any, after: Any) -> None:
        before = places.get(key, after)
        places[key] = after
        if before != after:
            self.steps.add((before, after))


class Watched(Mortal):
    """A database that notes what each transaction changed, before it is committed."""

    def __init__(self, url: str, book: Book, ids: list[str]) -> None:
        super().__init__(url)
        self._book, self._ids = book, ids

    @asynccontextmanager
    async def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AsyncIterator[Connection]:
        async with super().write(request_id, ahead=ahead) as db:
            yield db
            for each in self._ids:
                await self._book.note(db, each)


@dataclass(slots=True)
class WatchedOffice(Office):
    book: Book = field(default_factory=Book)

    @property
    def db(self) -> Mortal:
        if self.database is None:
            self.database = Watched(self.url, self.book, self.ids)
        return self.database


async def _walk(office: WatchedOffice, rng: random.Random) -> None:
    """People ask and decide, upstreams fail, the process dies, time passes."""
    for name in NAMES:
        office.upstreams[name] = Upstream(name, office.clock, PACK, "a")
        office.refs[name] = {}
        for _ in range(rng.randrange(3)):
            office.make(name, "by hand" if name == "paper" else rng.choice(KINDS), 1)
    client = rng.choice(("robot", "portal"))
    await office.submit(Operation.ERASE, client, (PHONE, MAIL), known=rng.random() < 0.8)
    for name in NAMES:
        office.upstreams[name].approved.update(office.refs[name])
    for _ in range(18):
        upstream = office.upstreams[rng.choice(NAMES)]
        if rng.random() < 0.5:
            upstream.moods.append(rng.choice(MOODS))
            upstream.answers.append(
                rng.choice(("done", "pending", "fail", "refuse", "lie", "down"))
            )
        if rng.random() < 0.25:
            upstream.troubles.extend([rng.choice(TROUBLES)] * rng.choice((1, 1, 5, 13)))
        await _go_on(office, rng)


async def _go_on(office: WatchedOffice, rng: random.Random) -> None:
    request_id = office.ids[0]
    what = rng.random()
    seen = await office.see(request_id)
    if what < 0.35:
        if seen.request.waiting_for is WaitingFor.IDENTITY:
            await office.decide(request_id, "verify")
        await office.decide(request_id, rng.choice(PEOPLE))
    elif what < 0.5 and seen.open_hand:
        await office.complete(request_id, rng.randrange(5), honest=True)
    elif what < 0.75 and seen.request.wake_at is not None:
        office.now = max(office.now, seen.request.wake_at)
    else:
        office.now += rng.choice(PASSES)
    await office.sweep(rng.choice((None, None, rng.randrange(12))))


async def test_whatever_the_flow_does_the_model_can_do(model: set[Step], tmp_path: Path) -> None:
    template, taken = tmp_path / "empty.db", set[Step]()
    migrate(f"sqlite:///{template}")
    for number in range(WALKS):
        file = tmp_path / f"{number}.db"
        file.write_bytes(template.read_bytes())
        office = WatchedOffice(f"sqlite:///{file}")
        await _walk(office, random.Random(number))  # noqa: S311 -- repeatable, and no secret
        await office.reboot()
        taken |= office.book.steps
    assert len(taken) > 40, "the walks went nowhere"
    unknown = sorted(taken - model, key=repr)
    assert not unknown, f"the model does not know: {unknown}"
