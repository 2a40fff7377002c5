"""Puts every fault on every call that an operation makes, and tells how each of them ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import avgate_contracts as sdk

from .astray import first_page, instead, misdirected, page
from .mischief import FAULTS, Fault
from .operations import SET_ASIDE, Operation, Scene, Told, TooMuchError, known_by, located, prepared
from .proxy import Play, Request
from .roads import ROAD_FAULTS, RoadFault
from .spots import Spot, spots
from .stage import NAMED, Stage

_SLOW_TO_BUILD = frozenset({"subprocessors"})
_PATIENCE = 4 * 3600  # ruled seconds; nothing may take longer
_KEPT = 6 * 3600  # ruled seconds for which a mock that nothing happened to is used again
_ERRORS = {
    sdk.UnavailableError: "unavailable",
    sdk.NotFoundError: "not_found",
    sdk.RefusedError: "refused",
    sdk.MisconfiguredError: "misconfigured",
    sdk.ContractBrokenError: "contract_broken",
    sdk.OutcomeUnknownError: "unknown",
    sdk.AmbiguousSubjectError: "ambiguous",
    sdk.InvalidIdentifierError: "invalid",
}
_ALIKE = {"gone": "erased", "right": "rectified", "anonymised": "erased"}
Effects: TypeAlias = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """`always`: that call and all that look like it from there on; else only that one."""

    spot: Spot
    fault: Fault | RoadFault
    always: bool

    def __str__(self) -> str:
        how = "always" if self.always else "once"
        return f"{self.fault.name}, {how}, at {self.spot.template} #{self.spot.nth}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended: see `cases`; `seconds` are ruled ones, until the connector gave up."""

    words: frozenset[str]
    seconds: float
    after: float | None = None
    healed: frozenset[str] = frozenset()
    wrong: tuple[str, ...] = ()
    said: int = 0


@dataclass
class Bench:
    """One operation of one connector, what it comes to in peace, and the calls it makes."""

    stage: Stage
    operation: Operation
    scene: Scene = field(default_factory=lambda: Scene(sdk.DataSubject("", ())))
    clean: Told = field(default_factory=dict)
    effects: Effects = field(default_factory=Counter)
    spots: tuple[Spot, ...] = ()
    others: dict[str, str] = field(default_factory=dict)  # another subject's targets, by template
    run: int = 0

    async def set_up(self) -> None:
        await self.stage.start()
        await self._anew()
        await self._anew()  # as it will be: what was located before leaves no log-in behind
        self.clean, _ = await self._told(self.scene)
        made = self.stage.proxy.requests
        self.spots = tuple(spots(self.stage.proxy))
        self.effects = await self._effects()
        assert self.clean
        assert "!" not in self.clean, self.clean
        await self._anew()
        self.stage.proxy.each = True
        await self._told(self.scene)
        assert len(self.stage.proxy.requests) == len(made), "in peace, something was tried twice"
        await self._others()
        await self._anew()

    def cases(self) -> Iterator[Case]:
        """Every fault, on every call, once and always."""
        for spot in self.spots:
            faults: list[Fault | RoadFault] = [*FAULTS, *ROAD_FAULTS, *self._odd_answers(spot)]
            for fault in faults:
                yield Case(spot, fault, always=False)
                yield Case(spot, fault, always=True)

    async def ended(self, case: Case) -> Ended:
        """Runs the operation with the fault, looks what came of it, and runs it again in peace."""
        await self._ready()
        stage = self.stage
        self._spoil(case)
        begun = stage.loop.time()
        named = isinstance(case.fault, RoadFault) and case.fault.named
        base = f"http://{NAMED}:{stage.proxy.port}" if named else None
        told, after = await self._told(self.scene, base)
        seconds, said = stage.loop.time() - begun, stage.proxy.said
        wrong = [f"went to {place}" for place in stage.strays]
        wrong += [f"the proxy failed: {error!r}" for error in stage.proxy.broken]
        stage.forget()
        words, healed = self._words(told), frozenset[str]()
        if self.operation.writes:
            wrong += await self._false_claims(told)
            wrong += self._doubled(await self._effects())
            if words & {"unavailable", "unknown", "contract_broken", "misconfigured"}:
                again, _ = await self._told(self.scene)
                healed = self._words(again)
                wrong += self._doubled(await self._effects())
                wrong += await self._false_claims(again)
                if self.is_rectification and await self._effects() != self.effects:
                    wrong.append("said to be done, and it is not")
        return Ended(words, seconds, after, healed, tuple(wrong), said)

    async def words_at(self, base: str) -> frozenset[str]:
        """How the operation ends where the upstream is looked for at this address."""
        return self._words((await self._told(self.scene, base))[0])

    async def _told(self, scene: Scene, base: str | None = None) -> tuple[Told, float | None]:
        """What the operation says, or `{"!": word}` for the error that came instead."""
        self.run += 1
        async with self.stage.connector(base=base, seed=self.run) as connector:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await self.operation.do(connector, scene), None
            except sdk.ConnectorError as error:
                return {"!": _word(error)}, getattr(error, "after", None)
            except TooMuchError:
                return {"!": "endless"}, None
            except TimeoutError:
                return {"!": "HANGS"}, None
            except Exception as error:  # noqa: BLE001 -- what a connector must never raise
                return {"!": f"RAISES {type(error).__name__}: {error}"[:200]}, None

    def _words(self, told: Told) -> frozenset[str]:
        if "!" in told:
            return frozenset({told["!"]})
        if self.operation.writes or self.operation.do.__name__ == "_confirm":
            differing = {
                ref: word
                for ref, word in told.items()
                if _ALIKE.get(word, word) != _ALIKE.get(self.clean[ref], self.clean[ref])
            }
            return frozenset(differing.values()) or frozenset({"whole"})
        return frozenset({_compared(told, self.clean)})

    async def _false_claims(self, told: Told) -> list[str]:
        """Whether what is said to be erased is there all the same."""
        done = {"erased", "anonymised", "gone"}
        claimed = [item for item in self.scene.items if told.get(item.ref) in done]
        if not claimed:
            return []
        async with self.stage.connector(seed=self.run + 500_000) as connector:
            held = await connector.still_held(claimed)
        self.stage.forget()
        return [f"said to be gone, and is there: {item.category}" for item in held]

    @property
    def is_rectification(self) -> bool:
        return self.operation.do.__name__ == "_rectify"

    def _doubled(self, effects: Effects) -> list[str]:
        more = effects - self.effects
        return [f"{times} times too often: {effect[:2]}" for effect, times in more.items()]

    async def _effects(self) -> Effects:
        """What took effect, without what differs from run to run: ids of orders."""
        return Counter(
            (one["kind"], one["method"], str(one["subject"]), _stable(one))
            for one in await self.stage.ledger()
            if one["method"]  # what time brings about by itself follows from what was ordered
        )

    async def _ready(self) -> None:
        """A mock that nothing has happened to; one whose keys take long to make is kept so long."""
        drifted = self.stage.loop.time() - self.stage.begun > _KEPT + self.base_time
        kept = self.stage.name in _SLOW_TO_BUILD and not drifted
        if not kept or await self.stage.ledger() != self.base:
            await self._anew()

    async def _anew(self) -> None:
        self.stage.rebuild()
        if self.operation.prepare is not located or not self.scene.items:
            self.scene = await prepared(self.stage, self.operation)
        self.stage.forget()
        self.base = await self.stage.ledger()
        self.base_time = self.stage.loop.time() - self.stage.begun

    async def _others(self) -> None:
        """The calls that the same operation makes for another subject."""
        if self.operation.writes or self.operation.prepare is not None:
            return
        own = {request.target for request in self.stage.proxy.requests}
        self.stage.forget()
        await self._told(Scene(known_by(self.stage.other)))
        sizes = self.stage.proxy.sizes
        for request in sorted(self.stage.proxy.requests, key=lambda one: sizes[one.target]):
            if request.method == "GET" and request.target not in own:
                self.others[request.template] = request.target  # in the end the fullest one
        self.stage.forget()

    def _spoil(self, case: Case) -> None:
        spot, fault = case.spot, case.fault
        if isinstance(fault, RoadFault):
            self.stage.proxy.each = True
            fault.lay(self.stage, lambda n: n >= spot.order if case.always else n == spot.order)
            return

        def plan(request: Request) -> Play | None:
            hit = request.template == spot.template and (
                request.nth >= spot.nth if case.always else request.nth == spot.nth
            )
            return fault.play if hit else None

        self.stage.proxy.plan = plan

    def _odd_answers(self, spot: Spot) -> Iterator[Fault]:
        """Answers that are right, and to another question than was asked."""
        if spot.template in self.others and spot.kind in {"read", "file"}:
            yield Fault("another subject's answer", "another", instead(self.others[spot.template]))
        if spot.kind == "write":
            yield Fault("404 in its own words", "not there, own", misdirected)
        if spot.kind == "read" and spot.page:
            yield Fault("the page before again", "page again", page(-3))
            yield Fault("the page after", "page skipped", page(3))
        if spot.kind == "read" and spot.page is not None and not spot.is_empty:
            yield Fault("a page with nothing on it", "page skipped", page(30_000))
        if spot.kind == "read" and "after" in spot.template:
            yield Fault("the first page again", "page again", first_page)


def _compared(told: Told, clean: Told) -> str:
    """How a read compares with the same in peace."""
    strange = [said for ref, said in told.items() if ref not in clean]
    if strange:
        return "set_aside" if set(strange) == {SET_ASIDE} else "OTHER"
    if told.keys() != clean.keys():
        return "SHORT"
    return "whole" if told == clean else "CHANGED"


def _word(error: sdk.ConnectorError) -> str:
    return next(word for kind, word in _ERRORS.items() if isinstance(error, kind))


def _stable(effect: dict[str, object]) -> str:
    return "" if effect["kind"] == "order" else str(effect["path"])
