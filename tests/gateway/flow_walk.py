"""A walk through the flow at random, with upstreams that misbehave and a process that dies.

What has to hold after every step is in `everything_holds`; what has to hold in the end, when all is well
again, in `end`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Unseen, WhyUnseen
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.flow.advance import advance
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.retention import local_day
from avgate_gateway.store.hand_tasks import Kept

from .fake_upstream import Upstream
from .invariants import (
    check_copy,
    check_items,
    check_keys,
    check_report,
    check_tasks,
    check_truth,
    check_unseen,
    check_wake_up,
)
from .moods import ANSWERS, MOODS, TROUBLES
from .office import COPIES, KINDS, MAIL, NAMES, PACK, PHONE, Office

ASKED = (Operation.ERASE, Operation.RECTIFY, Operation.ACCESS, Operation.EXPORT)
HIDDEN = (
    Unseen("vault", WhyUnseen.NO_INTERFACE),
    Unseen("attic", WhyUnseen.OTHER_IDENTIFIER, frozenset({IdentifierKind.EMAIL})),
)
DEATHS = st.none() | st.none() | st.integers(0, 30)  # after so many writes
PASSES = (
    timedelta(seconds=2), timedelta(minutes=2), timedelta(hours=2), timedelta(days=1),
    timedelta(days=8), timedelta(days=40), timedelta(days=400), timedelta(days=3000),
)  # fmt: skip


class Flow(RuleBasedStateMachine):
    """One walk: people ask and decide, upstreams fail, the process dies, years pass."""

    def __init__(self, template: Path, folder: Path) -> None:
        super().__init__()
        # One of its own: the connections of the walk before may be closing still.
        file = Path(tempfile.mkdtemp(dir=folder)) / "walk.db"
        shutil.copy(template, file)
        self.years_later: list[tuple[str, str]] = []
        self.loop = asyncio.Runner()
        self.office = Office(f"sqlite:///{file}")
        for name in NAMES:
            self.office.upstreams[name] = Upstream(name, self.office.clock, PACK, "a")
            self.office.refs[name] = {}

    def run(self, coroutine: Any) -> Any:
        return self.loop.run(coroutine)

    @initialize(
        held=st.lists(
            st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(KINDS))), max_size=6
        ),
        many=st.sampled_from([0, 0, 0, 0, 0, 0, 120]),
        operation=st.sampled_from([*[Operation.ERASE] * 3, *ASKED]),
        client=st.sampled_from(["portal", "portal", "robot"]),
        by=st.sampled_from([(PHONE, MAIL), (PHONE,)]),
        late=st.booleans(),
        years_later=st.lists(
            st.tuples(st.sampled_from(NAMES[:2]), st.sampled_from(MOODS)), max_size=4
        ),
    )
    def begin(
        self,
        held: list[tuple[str, str]],
        many: int,
        operation: Operation,
        client: str,
        by: tuple[Identifier, ...],
        late: bool,
        years_later: list[tuple[str, str]],
    ) -> None:
        self.years_later = years_later
        for name, what in held:
            self.office.make(name, "by hand" if name == "paper" else what, 1)
        self.office.make("orders", "card", many)
        for name in NAMES:
            self.office.make(name, "somebody else's", 1)
        if late:  # so late that the others are planned without it
            self.fails("orders", "down", 5)
        self.ask(operation, client, by, known=True)
        for _ in range(5 if late else 1):
            self.next_time_comes(0, None)

    @precondition(lambda self: len(self.office.ids) < 3)
    @rule(
        operation=st.sampled_from(ASKED),
        client=st.sampled_from(["portal", "robot"]),
        by=st.sampled_from([(PHONE, MAIL), (PHONE,)]),
        known=st.booleans(),
    )
    def ask(
        self, operation: Operation, client: str, by: tuple[Identifier, ...], known: bool
    ) -> None:
        self.run(self.office.submit(operation, client, by, known=known))
        if client == "robot":  # approved by policy as soon as it is planned
            for name, upstream in self.office.upstreams.items():
                upstream.approved.update(
                    r for r, h in self.office.refs[name].items() if h.owner == "a"
                )

    @precondition(lambda self: self.office.ids)
    @rule(which=st.integers(0, 2))
    def look_though_nothing_is_due(self, which: int) -> None:
        self.run(advance(self.office.context, self._id(which)))

    @rule(time=st.sampled_from(PASSES), dies_after=DEATHS)
    def time_passes(self, time: timedelta, dies_after: int | None) -> None:
        self.office.now += time
        self.run(self.office.sweep(dies_after))

    @precondition(lambda self: self.office.ids)
    @rule(which=st.integers(0, 2), dies_after=DEATHS)
    def next_time_comes(self, which: int, dies_after: int | None) -> None:
        wake = self.run(self.office.see(self._id(which))).request.wake_at
        if wake is not None:
            self.office.now = max(self.office.now, wake)
            self.run(self.office.sweep(dies_after))

    @precondition(lambda self: self.office.ids)
    @rule(
        which=st.integers(0, 2),
        what=st.sampled_from(
            ["approve", "approve", "approve", "reject", "cancel", "verify", "retry all"]
            + [f"retry {name}" for name in NAMES]
        ),
        dies_after=DEATHS,
    )
    def decide(self, which: int, what: str, dies_after: int | None) -> None:
        self.run(self.office.decide(self._id(which), what))
        self.run(self.office.sweep(dies_after))

    @precondition(lambda self: self.office.ids)
    @rule(
        name=st.sampled_from(NAMES),
        which=st.integers(0, 2),
        what=st.sampled_from(["approve", "reject", "cancel", "retry all"]),
    )
    def decide_during_the_next_call(self, name: str, which: int, what: str) -> None:
        request_id = self._id(which)
        decision: Callable[[], Awaitable[None]] = lambda: self.office.decide(request_id, what)  # noqa: E731 -- bound to this walk, and used once below
        self.office.upstreams[name].meanwhile.append(decision)

    @precondition(lambda self: self.office.ids)
    @rule(
        which=st.integers(0, 2),
        number=st.integers(0, 5),
        honest=st.booleans(),
        stays=st.sampled_from([None, None, 0, 40]),
    )
    def complete(self, which: int, number: int, honest: bool, stays: int | None = None) -> None:
        seen = self.run(self.office.see(self._id(which)))
        if not seen.open_hand:
            return
        at = seen.open_hand[number % len(seen.open_hand)].connector
        # Of what nobody can look into, a person's word is all there is.
        honest = honest or at == "paper"
        kept = None
        if stays is not None:
            kept = Kept("legal_claim", local_day(self.office.now) + timedelta(days=stays))
        self.run(self.office.complete(self._id(which), number, honest=honest, kept=kept))

    @rule(
        name=st.sampled_from(NAMES),
        what=st.sampled_from(sorted(TROUBLES)),
        times=st.integers(1, 13),
    )
    def fails(self, name: str, what: str, times: int) -> None:
        self.office.upstreams[name].troubles.extend([what] * times)

    @rule(name=st.sampled_from(NAMES), count=st.integers(0, 4))
    def breaks_off(self, name: str, count: int) -> None:
        self.office.upstreams[name].breaks_after = count

    @rule(name=st.sampled_from(NAMES[:2]), mood=st.sampled_from(MOODS))
    def answers_the_next_write(self, name: str, mood: str) -> None:
        self.office.upstreams[name].moods.append(mood)

    @rule(name=st.sampled_from(NAMES[:2]), answer=st.sampled_from(ANSWERS))
    def answers_the_next_question(self, name: str, answer: str) -> None:
        self.office.upstreams[name].answers.append(answer)

    @rule(
        name=st.sampled_from(NAMES),
        what=st.sampled_from(["well", "strangers", "services end", "hides", "opens"]),
    )
    def changes(self, name: str, what: str) -> None:
        upstream = self.office.upstreams[name]
        match what:
            case "well":
                upstream.calm()
            case "strangers":
                upstream.strangers = True
            case "hides":
                upstream.unseen.extend(HIDDEN)
            case "opens":
                upstream.unseen.clear()
            case _:
                upstream.end_services()

    @rule(number=st.integers(0, 5))
    def a_listing_comes_back(self, number: int) -> None:
        upstream, known = self.office.upstreams["orders"], self.office.refs["orders"]
        gone = sorted(ref for ref in upstream.effects if ref not in upstream.holdings)
        if gone:
            ref = gone[number % len(gone)]
            upstream.holdings[ref] = replace(known[ref], ends=None)
            upstream.came_back.add(ref)
            upstream.effects.pop(ref)
            upstream.changes += 1

    @invariant()
    def everything_holds(self) -> None:
        for request_id in self.office.ids:
            seen = self.run(self.office.see(request_id))
            check_wake_up(seen, self.office.now)
            check_keys(seen)
            check_report(seen)
            is_due = seen.request.wake_at is not None and seen.request.wake_at <= self.office.now
            if not is_due:  # else there is more to do, and it is about to be done
                check_items(seen)
                check_tasks(seen)
                check_unseen(seen)
                check_truth(self.office, seen)
                if seen.request.operation in COPIES:
                    check_copy(self.office, seen)
        self.run(self.office.check_upstreams())

    def teardown(self) -> None:
        try:
            if self.office.ids:
                self.run(self.end())
        finally:
            self.run(self.office.reboot())
            self.loop.close()

    async def end(self) -> None:
        """All upstreams are well and people do their work: then all closes, and all keys go."""
        for upstream in self.office.upstreams.values():
            upstream.calm()
            upstream.end_services()
        for _ in range(60):
            if not await self._is_any_open():
                break
            await self._people_work()
            await self._time_goes_on()
        else:
            pytest.fail("a request never closes")
        await self._years_pass()
        await self._check_end()

    async def _people_work(self) -> None:
        await self.office.sweep(None)
        for request_id in self.office.ids:
            seen = await self.office.see(request_id)
            if seen.request.waiting_for is WaitingFor.IDENTITY:
                await self.office.decide(request_id, "verify")
            if seen.request.waiting_for is WaitingFor.APPROVAL:
                await self.office.decide(request_id, "approve")
            if seen.open_hand:
                await self.office.complete(request_id, 0, honest=True)
        await self.office.sweep(None)

    async def _time_goes_on(self) -> bool:
        wakes = [(await self.office.see(i)).request.wake_at for i in self.office.ids]
        ahead = [wake for wake in wakes if wake is not None]
        if ahead:
            self.office.now = max(self.office.now, min(ahead))
            await self.office.sweep(None)
        return bool(ahead)

    async def _is_any_open(self) -> bool:
        seen = [await self.office.see(request_id) for request_id in self.office.ids]
        return any(one.request.state is not State.CLOSED or one.open_hand for one in seen)

    async def _years_pass(self) -> None:
        for name, mood in self.years_later:  # what was kept falls due on a bad day
            self.office.upstreams[name].moods.append(mood)
        for _ in range(200):
            await self._people_work()
            if not await self._time_goes_on():
                return
        pytest.fail("a closed request is woken for ever")

    async def _check_end(self) -> None:
        for request_id in self.office.ids:
            seen = await self.office.see(request_id)
            check_keys(seen)
            check_items(seen)
            check_tasks(seen)
            check_truth(self.office, seen)
            assert seen.sealed.subject_key is None, "a key is never destroyed"
        await self.office.check_upstreams()

    def _id(self, which: int) -> str:
        return self.office.ids[which % len(self.office.ids)]
