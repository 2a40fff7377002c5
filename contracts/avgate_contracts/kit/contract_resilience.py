"""Level 3, resilience: when reading goes wrong, the result is the same or the error is honest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from avgate_contracts.connector import Limits
from avgate_contracts.errors import OutcomeUnknownError, UnavailableError
from avgate_contracts.kit.bench import Bench, bench_of, told
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import (
    GARBAGE,
    PASSING,
    REFUSALS,
    UNAUTHORISED,
    UNREACHABLE,
    Fault,
    named,
    names,
    status,
    status_until,
)
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.shown import shown
from avgate_contracts.kit.story import FILES
from avgate_contracts.kit.verdict import expect, some

READING = ("check", "access", "nobody", "export")
_HOUR = 3600.0
_LONG: Mapping[str, Callable[[float], Fault]] = {
    "in seconds": lambda wait: status(429, wait, means=(UnavailableError,)),
    "as a date": lambda wait: status_until(503, wait, means=(UnavailableError,)),
}
BAD_DAYS = (UNREACHABLE, GARBAGE, *REFUSALS[1:3], UNAUTHORISED)
_ROUNDING = 1.0  # seconds; dates in headers have no parts of them
_BOUND = 3  # times the tries that the limits allow


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a story something goes wrong: at the nth request, or at the first for a token."""

    story: str
    name: str
    nth: int | None
    is_file: bool = False  # whose content may be anything

    def hits(self, asked: Asked) -> bool:
        """Whether it is this request."""
        return asked.is_token if self.nth is None else not asked.is_token and asked.nth == self.nth

    def __str__(self) -> str:
        return f"{self.story!r} ({self.name})"


class Once:
    """A plan in which one request goes wrong, and none after it."""

    def __init__(self, place: Place, fault: Fault) -> None:
        self._place, self._fault = place, fault
        self.hit: Asked | None = None

    def __call__(self, asked: Asked) -> Fault | None:
        """The fault, the first time."""
        if self.hit is None and self._place.hits(asked):
            self.hit = asked
            return self._fault
        return None


class Ever:
    """A plan in which everything goes wrong from one request on."""

    def __init__(self, place: Place, fault: Fault) -> None:
        self._place, self._fault = place, fault
        self.hits: list[Asked] = []

    def __call__(self, asked: Asked) -> Fault | None:
        """The fault, from the place on."""
        at_token = self._place.nth is None
        if asked.is_token == at_token and (self.hits or self._place.hits(asked)):
            self.hits.append(asked)
            return self._fault
        return None


async def ever(bench: Bench, place: Place, fault: Fault) -> tuple[Run, Ever]:
    """A story in which everything goes wrong from one request on.

    Played once for all tests that look at it, if it is among the bad days that are kept anyway.
    """
    kept = bench.bad_days.get((place, fault))
    if kept is None:
        plan = Ever(place, fault)
        kept = await bench.rehearse(place.story, plan), plan
        if fault in BAD_DAYS:
            bench.bad_days[place, fault] = kept
    return kept


class ResilienceLaws(Declared):
    """What holds for every story of reading, wherever it goes wrong."""

    @law(3, cases=names(PASSING))
    async def test_a_passing_fault_changes_nothing_or_is_told(self, case: str) -> None:
        bench, fault, wrong = bench_of(type(self)), named(PASSING, case), []
        for place in [each async for each in places(bench) if not _is_moot(each, fault)]:
            plan = Once(place, fault)
            run = await bench.rehearse(place.story, plan)
            happy = await bench.happy(place.story)
            wrong += _unlike(place, run, happy, fault)
            wrong += _hasty(place, run, plan.hit, fault)
        expect(
            not wrong,
            f"after one {case} the result is as ever, or an error that says so",
            some(wrong),
            "let errors of http.send() through, and leave trying again to the client you are given",
        )

    @law(3, cases=names(PASSING))
    async def test_a_lasting_fault_is_told_and_not_asked_for_ever(self, case: str) -> None:
        bench, fault, wrong = bench_of(type(self)), named(PASSING, case), []
        for place in [each async for each in places(bench) if not _is_moot(each, fault)]:
            run, plan = await ever(bench, place, fault)
            wrong += _untold(place, run, plan, fault)
            wrong += _too_often(place, plan.hits, bench.cast.limits)
        expect(
            not wrong,
            f"where nothing but {case} comes, the connector raises the error that says so",
            some(wrong),
            "never turn an error into an empty result; try no more often than the client does",
        )

    @law(3, cases=tuple(_LONG))
    async def test_a_long_wait_is_handed_on(self, case: str) -> None:
        bench, wrong = bench_of(type(self)), []
        wait = bench.cast.limits.longest_wait + _HOUR
        for place in [each async for each in places(bench)]:
            plan = Ever(place, _LONG[case](wait))
            run = await bench.rehearse(place.story, plan)
            after = run.error.after if isinstance(run.error, UnavailableError) else None
            if after is None or after < wait - _ROUNDING:
                wrong.append(f"in {place}: {told(run.error)}, and does not pass the wait on")
            if any(wait > slept >= _HOUR for slept in run.clock.slept):
                wrong.append(f"in {place}: waits it out itself")
            if _repeated(plan.hits):
                wrong.append(f"in {place}: asks again at once")
        expect(
            not wrong,
            "a Retry-After beyond limits.longest_wait is handed on: UnavailableError(after=...)",
            some(wrong),
            "let the client's UnavailableError through as it is",
        )

    @law(3, cases=names(REFUSALS))
    async def test_a_refusal_is_not_asked_again(self, case: str) -> None:
        bench, fault, wrong = bench_of(type(self)), named(REFUSALS, case), []
        for place in [each async for each in places(bench)]:
            run, plan = await ever(bench, place, fault)
            wrong += _unlike(place, run, await bench.happy(place.story), fault)
            if _repeated(plan.hits):
                wrong.append(f"in {place}: asks again")
        expect(
            not wrong,
            f"a {case} is told at once: asked again, it is refused again",
            some(wrong),
            "let the client's RefusedError through, or take that status in `accept`",
        )


async def places(bench: Bench) -> AsyncIterator[Place]:
    """First, middle and last request of each story of reading, and the first for a token."""
    for story in (each for each in READING if each in bench.stories):
        run = await bench.happy(story)
        asked = [each for each in run.asked if not each.is_token]
        if len(asked) < len(run.asked):
            yield Place(story, "token", None)
        named_ = {0: "first", len(asked) // 2: "middle", len(asked) - 1: "last"} if asked else {}
        for nth, name in named_.items():
            yield Place(story, name, nth, asked[nth].step.endswith(FILES))


def _is_moot(place: Place, fault: Fault) -> bool:
    """Whether a fault cannot be told from a good answer there."""
    return place.is_file and fault is GARBAGE


def _unlike(place: Place, run: Run, happy: Run, fault: Fault) -> list[str]:
    """What is wrong with a story that had a fault: another result, or another error."""
    if run.error is None:
        same = all(
            shown(run.step(step.name).findings) == shown(step.findings)
            and run.step(step.name).files == step.files
            for step in happy.play.steps
        )
        return [] if same else [f"in {place}: ends well with another result"]
    return [] if isinstance(run.error, _means(run, fault)) else [f"in {place}: {told(run.error)}"]


def _untold(place: Place, run: Run, plan: Ever, fault: Fault) -> list[str]:
    if not plan.hits:
        return [f"in {place}: makes another call than in the recording"]
    if run.error is None:
        return [f"in {place}: ends as if all were well"]
    return [] if isinstance(run.error, _means(run, fault)) else [f"in {place}: {told(run.error)}"]


def _means(run: Run, fault: Fault) -> tuple[type[BaseException], ...]:
    """The honest errors; of a write nobody knows what became, also where it only asks."""
    written = any(asked.is_write for asked in run.asked)
    return (*fault.means, OutcomeUnknownError) if written else fault.means


def _hasty(place: Place, run: Run, hit: Asked | None, fault: Fault) -> list[str]:
    """Whether the same was asked for again before the upstream wanted to hear of it."""
    if hit is None:
        return [f"in {place}: makes another call than in the recording"]
    again = [a for a in run.asked if a.number > hit.number and _same(a, hit)]
    soonest = hit.at + (fault.after or 0.0) - _ROUNDING
    if fault.after is not None and any(asked.at < soonest for asked in again):
        return [f"in {place}: asks again before Retry-After has passed"]
    return []


def _too_often(place: Place, hits: Sequence[Asked], limits: Limits) -> list[str]:
    most = limits.attempts * _BOUND
    each = {(asked.method, asked.target): 0 for asked in hits}
    for asked in hits:
        each[asked.method, asked.target] += 1
    if max(each.values(), default=0) > most or len(hits) > most * (limits.concurrency + 1):
        return [f"in {place}: asks {len(hits)} times"]
    return []


def _repeated(hits: Sequence[Asked]) -> bool:
    return any(_same(one, other) for n, one in enumerate(hits) for other in hits[:n])


def _same(one: Asked, other: Asked) -> bool:
    return (one.method, one.target, one.body) == (other.method, other.target, other.body)
