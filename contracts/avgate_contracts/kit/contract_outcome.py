"""Levels 2 and 3: what is said of each item is what became of it, and never better than was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

import httpx

from avgate_contracts.connector import SupportsAccess, SupportsErase, SupportsRectify
from avgate_contracts.kit.alteration import another
from avgate_contracts.kit.bench import Bench, bench_of, told
from avgate_contracts.kit.contract_looking import BLIND
from avgate_contracts.kit.contract_writes import Writing
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import LOST, REFUSALS, Fault, Scene, named, unheard, without_effect
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.settled import is_claim, words
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.story import Play, wanted
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.outcome import Completed, Effect, Outcome, Pending
from avgate_contracts.record import ErasureWay, ItemChange

ERASES, RECTIFIES = (SupportsAccess, SupportsErase), (SupportsAccess, SupportsRectify)
_OF_WRITES = {Effect.ERASED, Effect.ANONYMISED, Effect.RECTIFIED}
_OF_RECTIFYING = {Effect.RECTIFIED, Effect.ALREADY_RIGHT}
_ADVICE = "give each item the outcome of its own calls, by its own ref"


class OutcomeLaws(Declared):
    """What holds of each outcome by itself."""

    @law(2, SupportsAccess)
    async def test_an_effect_is_one_that_the_item_can_have(self) -> None:
        bench, wrong = bench_of(type(self)), list[str]()
        for story in (each for each in ("erase", "rectify") if each in bench.stories):
            wrong += _odd_effects(await bench.happy(story), story)
        expect(
            not wrong,
            "what erasing did is what the item's `erasure` announced, and rectifying rectifies",
            f"says {some(wrong)}",
            "give ItemRef.erasure and Completed(effect) that fit: people decide by the first",
        )

    @law(2, SupportsAccess)
    async def test_a_change_is_claimed_only_where_something_was_written(self) -> None:
        bench, wrong = bench_of(type(self)), list[str]()
        for story in (each for each in ("erase", "rectify") if each in bench.stories):
            run = await bench.happy(story)
            for step in run.play.steps:
                name = step.name.partition(": confirm")[0]
                claims = [o for o in step.by_ref.values() if _is_of_a_write(o)]
                if claims and not run.transport.writes(name):
                    wrong.append(f"says {words(claims)} of {len(claims)} items in {name!r}")
        expect(
            not wrong,
            "Effect.ERASED, ANONYMISED or RECTIFIED is said only of what was just written to",
            f"{some(wrong)}, and writes nothing",
            "what was so before is ALREADY_GONE or ALREADY_RIGHT: evidence tells the two apart",
        )

    @law(2, *RECTIFIES)
    async def test_a_value_that_stands_there_no_more_is_not_overwritten(self) -> None:
        bench, due = bench_of(type(self)), list[ItemChange]()
        run = await bench.rehearse("rectify", script=partial(_outdated, bench, due))
        outcomes = {} if run.error else run.step("rectify").by_ref
        wrong = [f"says {words([each])}" for each in outcomes.values() if is_claim(each)]
        wrong += ["writes over it"] if run.transport.writes("rectify") else []
        expect(
            not wrong or not due,
            "where none of the values is the one that `before` names, nothing is changed",
            some(wrong),
            "compare change.before with what stands there; if it is not, sdk.Refused",
        )

    @law(3, *ERASES)
    async def test_one_refusal_is_told_of_its_own_item(self) -> None:
        writing, wrong = Writing(bench_of(type(self)), "erase"), list[str]()
        happy = (await writing.happy()).step(writing.step).by_ref
        fault = without_effect(named(REFUSALS, "403"))
        for ref in spread([ref for ref, outcome in happy.items() if _is_due(outcome)]):
            own = _writes(await writing.happy(ref), writing.step)
            run = await writing.faulty(partial(_on, own, fault))
            outcome = None if run.error else run.step(writing.step).by_ref.get(ref)
            if own and _is_due(outcome):
                wrong.append(f"says {words([outcome])} of it")
        expect(
            not wrong,
            "where one item of several is refused, that item is not said to be done",
            some(wrong),
            _ADVICE,
        )

    @law(3, *RECTIFIES, cases=tuple(BLIND))
    async def test_what_cannot_be_looked_at_is_not_called_right(self, case: str) -> None:
        writing = Writing(bench_of(type(self)), "rectify")
        await writing.happy()
        run = await writing.faulty(lambda _: BLIND[case])
        outcomes = {} if run.error else run.step(writing.step).by_ref
        lies = [each for each in outcomes.values() if is_claim(each)]
        expect(
            run.is_honest and not lies,
            f"while all calls end with {case}, nothing is said to be right, or not to be held",
            f"says {words(lies)}" if lies else told(run.error),
            "let the errors of http.send() through",
        )

    @law(3, *RECTIFIES)
    async def test_a_change_that_is_taken_and_does_not_show_is_not_called_right(self) -> None:
        writing = Writing(bench_of(type(self)), "rectify")
        happy = (await writing.happy()).step(writing.step).by_ref
        run = await writing.faulty(lambda asked: _TAKEN if asked.is_write else None)
        outcomes = {} if run.error else run.step(writing.step).by_ref
        lies = [ref for ref, o in happy.items() if _is_due(o) and is_claim(outcomes.get(ref))]
        expect(
            run.is_honest and not lies,
            "what an upstream answered with 2xx and shows as before is not Completed",
            f"says {words(outcomes[ref] for ref in lies)}" if lies else told(run.error),
            "read it back, and say Completed once the new value is there",
        )

    @law(3, SupportsAccess)
    async def test_what_makes_something_is_not_sent_twice_without_a_key(self) -> None:
        bench, wrong = bench_of(type(self)), list[str]()
        for story in (each for each in ("erase", "rectify") if each in bench.stories):
            writing = Writing(bench, story)
            posts = [a for a in (await writing.happy()).transport.writes(writing.step) if _makes(a)]
            for one in spread([each for each in posts if each.key is None]):
                once = _Once(_same(one))
                await writing.faulty(once)
                wrong += [f"sends a POST again in {story!r}"] if once.seen > 1 else []
        expect(
            not wrong,
            "a POST whose answer was lost is sent again only under the key of the first",
            some(wrong),
            "send key=..., or leave repeatable=True out where the upstream knows no keys",
        )

    @law(3)
    async def test_nothing_goes_on_once_it_has_answered(self) -> None:
        bench = bench_of(type(self))
        wrong = [
            f"in {s!r}: {n} tasks" for s in bench.stories if (n := (await bench.happy(s)).left)
        ]
        expect(
            not wrong,
            "when a method has returned, nothing that it began is still under way",
            f"leaves behind {some(wrong)}",
            "await it, or use asyncio.TaskGroup",
        )


async def _taken(scene: Scene) -> httpx.Response:
    with suppress(httpx.ReadTimeout):
        await unheard(scene)
    await asyncio.sleep(0)
    return httpx.Response(204)


_TAKEN = Fault("taken without effect", _taken, ())


class _Once:
    """The answer to the first of several equal calls is lost."""

    def __init__(self, call: tuple[str, str, bytes]) -> None:
        self._call = call
        self.seen = 0

    def __call__(self, asked: Asked) -> Fault | None:
        if _same(asked) != self._call:
            return None
        self.seen += 1
        return LOST if self.seen == 1 else None


def _odd_effects(run: Run, story: str) -> Iterator[str]:
    ways = {record.item.ref: record.item.erasure for record in run.step("access").records}
    for step in run.play.steps:
        for ref, outcome in step.by_ref.items():
            effect = outcome.effect if isinstance(outcome, Completed) else None
            if effect is None or effect is Effect.SCHEDULED:
                continue
            if (effect in _OF_RECTIFYING) != (story == "rectify"):
                yield f"{effect.value} of what it was to {story}"
            elif effect in {Effect.ERASED, Effect.ANONYMISED}:
                is_kept = ways.get(ref) is ErasureWay.ANONYMISE
                if is_kept != (effect is Effect.ANONYMISED):
                    yield f"{effect.value} of an item to {ways[ref].value}"


async def _outdated(bench: Bench, due: list[ItemChange], play: Play) -> None:
    """Names values to be replaced that the items do not have."""
    for change in wanted((await play.find("access")).records, bench.cast.changes):
        old = tuple(replace(one, before=another(one.before)) for one in change.changes)
        due.append(replace(change, changes=old))
    await play.change("rectify", due)


def _on(calls: set[tuple[str, str, bytes]], fault: Fault, asked: Asked) -> Fault | None:
    return fault if _same(asked) in calls else None


def _is_of_a_write(outcome: Outcome) -> bool:
    return isinstance(outcome, Completed) and outcome.effect in _OF_WRITES


def _is_due(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Pending) or (outcome is not None and _is_of_a_write(outcome))


def _makes(asked: Asked) -> bool:
    return asked.method == "POST"


def _same(asked: Asked) -> tuple[str, str, bytes]:
    return asked.method, asked.target, asked.body


def _writes(run: Run, step: str) -> set[tuple[str, str, bytes]]:
    return set() if run.error else {_same(asked) for asked in run.transport.writes(step)}
