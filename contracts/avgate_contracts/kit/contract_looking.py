"""Level 3, resilience: what could not be seen is not said, and nobody is led elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from avgate_contracts.connector import SupportsAccess, SupportsErase, SupportsRectify
from avgate_contracts.errors import ConnectorError
from avgate_contracts.kit.bench import Bench, bench_of, told
from avgate_contracts.kit.blocking import noticing
from avgate_contracts.kit.circle import Circle, Listener
from avgate_contracts.kit.contract_resilience import Ever, places
from avgate_contracts.kit.contract_writes import Writing
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import (
    GARBAGE,
    NOT_FOUND,
    REDIRECT,
    REFUSALS,
    UNREACHABLE,
    Fault,
    named,
    status,
    without_effect,
)
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.request import path_template
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.settled import is_claim, words
from avgate_contracts.kit.shown import refs
from avgate_contracts.kit.spelling import spellings
from avgate_contracts.kit.stage import opened
from avgate_contracts.kit.story import Play, StoryError
from avgate_contracts.kit.tape import Interaction
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.outcome import Completed, Effect, Pending

ERASES, RECTIFIES = (SupportsAccess, SupportsErase), (SupportsAccess, SupportsRectify)
BLIND: Mapping[str, Fault] = {
    "connection refused": UNREACHABLE,
    "500": status(500, means=()),
    "403": next(fault for fault in REFUSALS if fault.name == "403"),
    "garbage with 200": GARBAGE,
}
_NO = ("400", "403", "422")  # a 409 may say that it was done before
_CHANGED = {Effect.ERASED, Effect.ANONYMISED, Effect.SCHEDULED, Effect.RECTIFIED}
_ADVICE = "say gone only of what a look has shown to be gone; let the errors of looks through"


class LookingLaws(Declared):
    """What holds while the upstream cannot be looked at, or says no."""

    @law(3, *ERASES, cases=tuple(BLIND))
    async def test_what_cannot_be_looked_at_is_not_called_gone(self, case: str) -> None:
        bench, wrong = bench_of(type(self)), []
        for step in ("erase all", "confirm", "still held"):
            run = await bench.rehearse("erase", partial(_blind, step, BLIND[case]))
            if run.error is not None and not isinstance(run.error, ConnectorError | StoryError):
                wrong.append(f"in {step!r}: {told(run.error)}")
            wrong += _claimed_blindly(run, step)
        expect(
            not wrong,
            f"while all looks end with {case}, nothing is said to be done or gone",
            some(wrong),
            _ADVICE,
        )

    @law(3, *ERASES, cases=_NO)
    async def test_a_refused_erasure_is_not_called_done(self, case: str) -> None:
        await _refused(Writing(bench_of(type(self)), "erase"), case)

    @law(3, *RECTIFIES, cases=_NO)
    async def test_a_refused_rectification_is_not_called_done(self, case: str) -> None:
        await _refused(Writing(bench_of(type(self)), "rectify"), case)

    @law(3, *ERASES)
    async def test_what_access_shows_is_still_held(self) -> None:
        bench = bench_of(type(self))
        held: list[str] = []
        tape = _before_writes(bench.tape("erase").interactions, await bench.happy("erase"))
        run = await bench.rehearse("erase", script=partial(_look, bench, held), tape=tape)
        lost = [] if run.error else set(refs(run.step("access").findings)) - set(held)
        expect(
            not lost,
            "before anything is erased, still_held() returns all that access shows",
            f"leaves out {len(lost)} of them",
            "look at the upstream in both",
        )

    @law(3, *ERASES)
    async def test_a_list_that_is_not_found_is_not_an_empty_one(self) -> None:
        bench = bench_of(type(self))
        happy, wrong = await bench.happy("access"), list[str]()
        is_list = _lists(bench)
        run = await bench.rehearse("access", lambda each: NOT_FOUND if is_list(each) else None)
        same = run.error or refs(run.step("access").findings) == refs(happy.step("access").findings)
        if not same:
            wrong.append("access takes it for nothing held")
        writing = Writing(bench, "erase")
        run = await writing.faulty(lambda each: NOT_FOUND if is_list(each) else None)
        outcomes = [] if run.error else run.step(writing.step).by_ref.values()
        if any(map(is_claim, outcomes)) and not run.transport.writes(writing.step):
            wrong.append(f"erase() says {words(outcomes)}, and writes nothing")
        expect(
            not wrong,
            "a 404 of an address without an id, which never was one before, is an error",
            some(wrong),
            "take 404 in `accept` for one item by its id: a list that is not found has moved",
        )

    @law(3, SupportsAccess)
    async def test_pages_that_go_in_a_circle_are_not_followed(self) -> None:
        bench, wrong, listener = bench_of(type(self)), [], Listener()
        await bench.rehearse("access", listener)
        identifiers = bench.cast.subject.identifiers
        whose = frozenset(text for one in identifiers for text in spellings(one.value))
        for first in listener.firsts(whose):
            run = await bench.rehearse("access", Circle(first, whose))
            if not isinstance(run.error, ConnectorError):
                end = "ends as if all were well" if run.error is None else told(run.error)
                wrong.append(f"in the list {path_template(first.path)}: {end}")
        expect(
            not wrong,
            "a list whose first page comes again, and instead of every other, is an error",
            some(wrong),
            "raise ContractBrokenError where a page leads back to one that was read already",
        )

    @law(3)
    async def test_a_redirect_leads_nowhere(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for place in [each async for each in places(bench)]:
            run = await bench.rehearse(place.story, Ever(place, REDIRECT))
            if run.guard.outside:
                wrong.append(f"in {place}: makes {some(run.guard.outside)}")
            if not isinstance(run.error, ConnectorError):
                wrong.append(f"in {place}: {told(run.error)}")
        expect(
            not wrong,
            "an answer that sends the connector elsewhere is an error: what is there is not known",
            some(wrong),
            "leave 3xx out of `accept`, and name the upstream's address as it is now in base_url",
        )

    @law(3)
    async def test_nobody_waits_while_it_waits(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in bench.stories:
            with noticing() as seen:
                await bench.rehearse(story)
            wrong += [f"in {story!r}: calls {each}" for each in seen]
        expect(
            not wrong,
            "nothing stops the loop that all connectors share",
            some(wrong),
            "use `await http.sleep()`",
        )


def _lists(bench: Bench) -> Callable[[Asked], bool]:
    """Which reads are of an address without an id that was there whenever it was asked for."""
    tapes = [one for story in bench.stories for one in bench.tape(story).interactions]
    gone = {urlsplit(one.url).path for one in tapes if one.status == 404}
    there = {
        parts.path
        for one in tapes
        if one.method == "GET" and one.status < 300
        if "*" not in path_template((parts := urlsplit(one.url)).path)
    }
    return lambda asked: asked.method == "GET" and asked.path in there - gone


def _blind(step: str, fault: Fault, asked: Asked) -> Fault | None:
    """The fault at every call of a step; "confirm" is every later look at a job."""
    is_confirm = ": confirm" in asked.step
    hit = is_confirm if step == "confirm" else asked.step == step
    return fault if hit and not asked.is_token else None


def _claimed_blindly(run: Run, step: str) -> list[str]:
    wrong = []
    for one in run.play.steps:
        if step == "still held" == one.name and run.error is None:
            lost = len({item.ref for item in one.given} - {item.ref for item in one.held})
            wrong += [f"still_held() leaves out {lost}"] if lost else []
        elif step == "erase all" == one.name:
            lies = [each.outcome for each in one.outcomes[: len(one.given)]]
            wrong += [f"erase() says {words(lies)}"] if any(map(is_claim, lies)) else []
        elif step == "confirm" and _jobs(one) & {r for r, o in one.by_ref.items() if is_claim(o)}:
            wrong.append("confirm() says that a job is done")
    return wrong


def _jobs(step: object) -> set[str]:
    outcomes = getattr(step, "outcomes", ())
    return {each.ref for each in outcomes if isinstance(each.outcome, Pending)}


async def _refused(writing: Writing, case: str) -> None:
    """Every write is refused, and every look shows what was there before."""
    happy = (await writing.happy()).step(writing.step).by_ref
    changed = [r for r, o in happy.items() if isinstance(o, Pending) or _is_changed(o)]
    fault = without_effect(named(REFUSALS, case))
    run = await writing.faulty(lambda asked: fault if asked.is_write else None)
    outcomes = run.step(writing.step).by_ref if run.error is None else {}
    lies = [ref for ref in changed if is_claim(outcomes.get(ref)) or _is_pending(outcomes, ref)]
    expect(
        run.is_honest and not lies,
        f"a write that is refused with {case} is Refused or Failed, or a ConnectorError",
        f"says {words(outcomes[ref] for ref in lies)}" if lies else told(run.error),
        "let the client's RefusedError through, or make sdk.Refused of it",
    )


def _is_changed(outcome: object) -> bool:
    return isinstance(outcome, Completed) and outcome.effect in _CHANGED


def _is_pending(outcomes: Mapping[str, object], ref: str) -> bool:
    return isinstance(outcomes.get(ref), Pending)


def _before_writes(tape: Sequence[Interaction], happy: Run) -> Sequence[Interaction]:
    """What was said before anything was erased; what was asked only later cannot be judged by."""
    asked = [asked for step in happy.play.steps for asked in happy.transport.writes(step.name)]
    writes = {(each.method, each.target) for each in asked}
    for number, one in enumerate(tape):
        parts = urlsplit(one.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if (one.method, target) in writes:
            return tape[:number]
    return tape


async def _look(bench: Bench, held: list[str], play: Play) -> None:
    items = [record.item for record in (await play.find("access")).records]
    async with opened(bench.cast, play.stage) as connector:
        found: Sequence[object] = await connector.still_held(items)
        held += [str(getattr(item, "ref", "")) for item in found]
