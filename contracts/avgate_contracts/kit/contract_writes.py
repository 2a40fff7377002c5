"""Level 3, resilience: what was written when an answer got lost, or the process died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from avgate_contracts.connector import SupportsAccess, SupportsErase, SupportsRectify
from avgate_contracts.kit.bench import FIRST, Bench, bench_of, told
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import LOST, NEVER_ARRIVED, UNREACHABLE, Fault
from avgate_contracts.kit.fault_transport import Asked, Plan, nothing_happens
from avgate_contracts.kit.halt import Halt
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.settled import is_claim, words
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.story import Play, wanted
from avgate_contracts.kit.verdict import broken, expect, some
from avgate_contracts.outcome import Completed, Effect, Outcome, Pending

ERASES, RECTIFIES = (SupportsAccess, SupportsErase), (SupportsAccess, SupportsRectify)
_WRITTEN = {Effect.ERASED, Effect.ANONYMISED, Effect.SCHEDULED, Effect.RECTIFIED}
_DEATHS = 5  # places at which the process dies, each before and after the effect
_ADVICE = (
    "after OutcomeUnknownError read back; say Completed only of what you then saw, else sdk.Unknown"
)


class Writing:
    """The writing step of a story, for all items or for one, on a bench of faults."""

    def __init__(self, bench: Bench, story: str) -> None:
        self._bench = bench
        self.story = story
        self.step = "erase all" if story == "erase" else "rectify"
        self._one_first = False  # as in the recording: one call for several items is only known so

    async def write(self, play: Play, name: str, only: str | None = None) -> None:
        """Finds the items and writes, without waiting for what is pending."""
        records = (await play.find("access")).records
        if self.story == "erase":
            items = [record.item for record in records if only in (None, record.item.ref)]
            if self._one_first and only is None:
                await play.settle(await play.write("erase one", items[:1]))
            await play.write(name, items)
        else:
            changes = wanted(records, self._bench.cast.changes)
            await play.change(name, [c for c in changes if only in (None, c.item.ref)])

    async def again(self, play: Play, name: str) -> None:
        """Writes to the items that the first step found, as the gateway would after a restart."""
        records = play.step("access").records
        if self.story == "erase":
            step = await play.write(name, [record.item for record in records])
        else:
            step = await play.change(name, wanted(records, self._bench.cast.changes))
        await play.settle(step)

    async def all_of(self, play: Play) -> None:
        """Writes to all items, in its step."""
        await self.write(play, self.step)

    async def happy(self, only: str | None = None) -> Run:
        """Without a fault; played once for all tests that compare with it."""
        known = self._bench.written.get((self.story, only))
        if known is None:
            known = await self._happy(only), self._one_first
            self._bench.written[self.story, only] = known
        self._one_first = self._one_first or known[1]
        return known[0]

    async def _happy(self, only: str | None) -> Run:
        run = await self.faulty(nothing_happens, only)
        if run.error is not None and only is None and self.story == "erase":
            self._one_first = True
            run = await self.faulty(nothing_happens)
        if run.error is not None and only is None:
            broken(f"the story {self.story!r} can be played over", told(run.error), FIRST)
        return run

    async def faulty(self, plan: Plan, only: str | None = None) -> Run:
        """With faults in the writing step."""

        def planned(asked: Asked) -> Fault | None:
            return plan(asked) if asked.step == self.step and not asked.is_token else None

        return await self._bench.rehearse(
            self.story, planned, script=lambda play: self.write(play, self.step, only)
        )

    async def refs(self) -> Sequence[str]:
        """The items that are written to."""
        return [item.ref for item in (await self.happy()).step(self.step).given]


class WriteLaws(Declared):
    """What holds for every write."""

    @law(3, *ERASES)
    async def test_an_erasure_that_never_arrived_is_not_called_done(self) -> None:
        await _never_arrived(Writing(bench_of(type(self)), "erase"))

    @law(3, *RECTIFIES)
    async def test_a_rectification_that_never_arrived_is_not_called_done(self) -> None:
        await _never_arrived(Writing(bench_of(type(self)), "rectify"))

    @law(3, *ERASES)
    async def test_an_erasure_whose_answer_was_lost_is_done_only_on_evidence(self) -> None:
        await _without_evidence(Writing(bench_of(type(self)), "erase"))

    @law(3, *RECTIFIES)
    async def test_a_rectification_whose_answer_was_lost_is_done_only_on_evidence(self) -> None:
        await _without_evidence(Writing(bench_of(type(self)), "rectify"))

    @law(3, *ERASES)
    async def test_an_erasure_goes_on_after_the_process_died(self) -> None:
        await _died(Writing(bench_of(type(self)), "erase"), bench_of(type(self)))

    @law(3, *RECTIFIES)
    async def test_a_rectification_goes_on_after_the_process_died(self) -> None:
        await _died(Writing(bench_of(type(self)), "rectify"), bench_of(type(self)))


async def _never_arrived(writing: Writing) -> None:
    """Every write is lost on its way, so nothing has changed, and every look shows that."""
    written = _written((await writing.happy()).step(writing.step).by_ref)
    run = await writing.faulty(lambda asked: NEVER_ARRIVED if asked.is_write else None)
    expect(
        run.is_honest, "a write that got lost is told by a ConnectorError", told(run.error), _ADVICE
    )
    outcomes = {} if run.error else run.step(writing.step).by_ref
    lies = [ref for ref in written if is_claim(outcomes.get(ref)) or _is_pending(outcomes.get(ref))]
    expect(
        not lies,
        "a write that never arrived is neither Completed nor Pending",
        f"says {words(outcomes[ref] for ref in lies)} of {len(lies)} items that are as they were",
        _ADVICE,
    )


async def _without_evidence(writing: Writing) -> None:
    """One item, one write that took effect; its answer is lost, and so is all that follows."""
    wrong = []
    for ref in spread(await writing.refs()):
        happy = await writing.happy(ref)
        for nth in range(len(happy.transport.writes(writing.step))):
            run = await writing.faulty(_Losing(nth), ref)
            if not run.is_honest:
                wrong.append(told(run.error))
            elif run.error is None and is_claim(outcome := run.step(writing.step).by_ref.get(ref)):
                wrong.append(f"says {words([outcome])} of a write that nobody answered")
    expect(
        not wrong,
        "what was written is Completed only where an answer, then or later, has shown it",
        some(wrong),
        _ADVICE,
    )


async def _died(writing: Writing, bench: Bench) -> None:
    """The process dies at a call, before or after its effect; another goes on with items and key."""
    happy = await writing.happy()
    wanted_, wrong = happy.step(writing.step).by_ref, []
    calls = [asked for asked in happy.asked if asked.step == writing.step and not asked.is_token]
    for call in spread(calls, _DEATHS):
        for is_done in (False, True):
            halt = Halt(writing.step, calls.index(call), is_done)
            run = await bench.rehearse(
                writing.story, halt.plan, script=partial(_twice, writing, halt)
            )
            if run.error is not None:
                wrong.append(f"started again: {told(run.error)}")
                continue
            after = run.step("started again").by_ref
            lost = [ref for ref in wanted_ if is_claim(wanted_[ref]) or _is_pending(wanted_[ref])]
            if unsettled := [ref for ref in lost if not is_claim(after.get(ref))]:
                said = words(after.get(ref) for ref in unsettled)
                wrong.append(f"started again: says {said} where it had to be settled")
            wrong += _other_keys(run, writing.step)
    expect(
        not wrong,
        "a fresh instance, given the same items and key after a crash, settles all of them",
        some(wrong),
        "keep nothing in the instance: go by the items and the key given, and look before you write",
    )


async def _twice(writing: Writing, halt: Halt, play: Play) -> None:
    await halt.run(writing.write(play, writing.step))
    await writing.again(play, "started again")


def _other_keys(run: Run, step: str) -> list[str]:
    before = {(a.method, a.target, a.body): a.key for a in run.transport.writes(step)}
    again = run.transport.writes("started again")
    differing = [a for a in again if before.get((a.method, a.target, a.body), a.key) != a.key]
    return ["started again: sends the same write under another key"] if differing else []


class _Losing:
    """The nth write takes effect and its answer is lost; nothing that follows is answered."""

    def __init__(self, nth: int) -> None:
        self._left = nth
        self._is_lost = False

    def __call__(self, asked: Asked) -> Fault | None:
        """The fault."""
        if self._is_lost:
            return UNREACHABLE
        if asked.is_write:
            self._is_lost = self._left == 0
            self._left -= 1
        return LOST if self._is_lost else None


def _written(outcomes: Mapping[str, Outcome]) -> list[str]:
    """The items that were not so before the write."""
    return [
        ref
        for ref, outcome in outcomes.items()
        if _is_pending(outcome) or (isinstance(outcome, Completed) and outcome.effect in _WRITTEN)
    ]


def _is_pending(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Pending)
