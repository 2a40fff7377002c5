"""One connector set up for tests: its recordings, whom they are about, and ways to play them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx

from avgate_contracts.connector import SupportsRectify
from avgate_contracts.kit.clock import Clock
from avgate_contracts.kit.declared import Declared, folder_of, lacking, person
from avgate_contracts.kit.fault_transport import (
    FaultTransport,
    NotRecordedError,
    Plan,
    nothing_happens,
)
from avgate_contracts.kit.replay import Matcher, TapeMissError, TapeTransport, matcher
from avgate_contracts.kit.run import Run, Script, playing
from avgate_contracts.kit.stage import Cast, opened
from avgate_contracts.kit.stand_in import KEY_HEADER, StandIn
from avgate_contracts.kit.story import Play, stories_of
from avgate_contracts.kit.tape import Interaction, Tape, TapeError, load
from avgate_contracts.kit.verdict import broken
from avgate_contracts.vocabulary import Field


class _Nowhere(httpx.AsyncBaseTransport):
    """An upstream that nobody can reach."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Reaches nobody."""
        raise NotRecordedError(f"{request.method}: nothing is recorded here")


class Bench:
    """Made once for each test class; see `bench_of`."""

    def __init__(self, suite: type[Declared]) -> None:
        self.suite = suite
        self.folder: Path = folder_of(suite)
        self._tapes: dict[str, Tape] = {}
        self._happy: dict[str, Run] = {}
        self._asked: dict[tuple[str, bool], Sequence[str]] = {}
        self.days: list[Run] = []  # playings that several tests look at
        self.written: dict[tuple[str, str | None], tuple[Run, bool]] = {}  # of one item, or of all
        self.bad_days: dict[tuple[object, object], tuple[Run, Any]] = {}  # by place and fault
        self.unused: dict[str, Sequence[Interaction]] = {}

    @cached_property
    def stories(self) -> tuple[str, ...]:
        """The stories that this connector has to have recordings of."""
        return stories_of(self.suite.connector)

    @cached_property
    def cast(self) -> Cast:
        """Whom the recordings are about, in the names that they were given there."""
        suite, kind, named = self.suite, self.suite.connector, self.suite.redaction.fake
        return Cast(
            connector=kind,
            settings=suite.redaction.settings(kind.settings_type, suite.settings),
            limits=kind.manifest.limits,
            subject=person(suite.subject, "kit-subject", named),
            stranger=person(suite.stranger, "kit-stranger", named),
            changes={Field(name): named(value) for name, value in suite.changes.items()},
        )

    def tape(self, story: str) -> Tape:
        """The recording of a story; fails the test if there is none."""
        if story not in self._tapes:
            path = self.folder / f"{story}.yaml"
            if not path.exists():
                broken(
                    f"a recording of the story {story!r} in {self.folder.name}/",
                    "has none",
                    "record it: avgate record",
                )
            try:
                self._tapes[story] = load(path)
            except TapeError as error:
                broken(f"a readable recording of {story!r}", str(error), "avgate record")
        return self._tapes[story]

    async def replay(self, story: str) -> Run:
        """The story as it was recorded and nothing else, played once and kept."""
        if story not in self._happy:
            tape = self.tape(story)
            salt = self.suite.redaction.salt
            upstream = TapeTransport(tape, volatile=self.suite.volatile, salt=salt)
            run = await self.stage(story, upstream, lambda p: p.play(story))
            if run.error is None and upstream.missed:
                run.error = TapeMissError(f"{upstream.missed[0]} (and that was swallowed)")
            self._happy[story], self.unused[story] = run, upstream.unused
        return self._happy[story]

    async def happy(self, story: str) -> Run:
        """The same; fails the test if the story cannot be played."""
        run = await self.replay(story)
        if run.error is not None:
            broken(f"the story {story!r} plays as it was recorded", told(run.error), FIRST)
        return run

    async def rehearse(
        self,
        story: str,
        plan: Plan = nothing_happens,
        *,
        script: Script | None = None,
        tape: Sequence[Interaction] | None = None,
        key: str | None = None,
        any_key: bool = False,
        cast: Cast | None = None,
        begin: datetime | None = None,
    ) -> Run:
        """The story with faults, over a stand-in that answers from the recording."""
        upstream = self.stand_in(story, tape, any_key=any_key)
        return await self.stage(
            story, upstream, script or (lambda p: p.play(story)), plan, key, cast, begin
        )

    def stand_in(
        self, story: str, tape: Sequence[Interaction] | None = None, *, any_key: bool = False
    ) -> StandIn:
        """An upstream made of a story's recording, or of what a test has made of that."""
        found = self.tape(story).interactions if tape is None else tape
        requests = self._requests(story, any_key=any_key)[: len(found)]
        return StandIn(found, self._matcher(any_key=any_key), requests)

    def _matcher(self, *, any_key: bool) -> Matcher:
        return matcher(self.suite.volatile, salt=self.suite.redaction.salt, any_key=any_key)

    def _requests(self, story: str, *, any_key: bool) -> Sequence[str]:
        """The requests as the matcher has them; a test changes answers only, or leaves out the end."""
        if (story, any_key) not in self._asked:
            same = self._matcher(any_key=any_key)
            self._asked[story, any_key] = [
                same(one.method, one.url, one.request_body, one.request_headers.get(KEY_HEADER))
                for one in self.tape(story).interactions
            ]
        return self._asked[story, any_key]

    async def stage(
        self,
        story: str,
        upstream: httpx.AsyncBaseTransport,
        script: Script,
        plan: Plan = nothing_happens,
        key: str | None = None,
        cast: Cast | None = None,
        begin: datetime | None = None,
    ) -> Run:
        """Plays a script over any upstream, at the time of a story's recording if at no other."""
        clock = Clock(begin or self.suite.now or self.tape(story).meta.recorded_at)
        credentials = self.cast.settings.credentials()
        transport = FaultTransport(upstream, credentials, clock.now, plan=plan, gossip=self.gossip)
        return await playing(cast or self.cast, clock, transport, script, key)

    async def made(self) -> int:
        """How many calls making the connector takes."""
        asked, _ = await self._alone(lambda _: ())
        return asked

    async def nothing_given(self) -> tuple[int, int]:
        """How many calls an empty list of items takes, and how many outcomes it gets."""

        async def give(connector: Any) -> Sequence[object]:
            found = [*await connector.erase([], key="kit-nothing"), *await connector.still_held([])]
            if self.cast.supports(SupportsRectify):
                found += await connector.rectify([], key="kit-nothing")
            return found

        return await self._alone(give)

    async def _alone(self, use: Callable[[Any], Any]) -> tuple[int, int]:
        """Calls made and things got where there is no upstream at all."""
        clock, got = Clock(self.suite.today()), list[object]()
        transport = FaultTransport(_Nowhere(), self.cast.settings.credentials(), clock.now)
        stage = Run(clock, transport)

        async def script(_: Play) -> None:
            async with opened(self.cast, stage) as connector:
                found = use(connector)
                got.extend(await found if isawaitable(found) else found)

        run = await playing(self.cast, clock, transport, script)
        asked = len(transport.asked) + len(run.guard.outside)
        if run.error is not None and not asked:
            broken("it is made, and takes an empty list", told(run.error), "let it")
        return asked, len(got)

    @cached_property
    def gossip(self) -> str:
        """Personal data that a fault's answer repeats, to see whether it is passed on."""
        return " ".join(one.value for one in self.cast.subject.identifiers)


def bench_of(suite: type[Declared]) -> Bench:
    """The bench of a test class; fails the test if the class is not complete."""
    if lacking(suite):
        broken("a complete test class", "cannot be set up", "see the first test of level 1")
    key: Any = suite
    return _bench(key)


@lru_cache(maxsize=2)  # tests come class by class, and a class's playings are large
def _bench(suite: Any) -> Bench:
    return Bench(suite)


def told(error: BaseException | None) -> str:
    """What a run ended with, for a message: the suite's own words, but of others only the kind."""
    if error is None:
        return "came to an end"
    if isinstance(error, BaseExceptionGroup):
        return " and ".join(sorted({told(each) for each in error.exceptions}))
    is_ours = type(error).__module__.startswith("avgate_contracts")
    return f"{type(error).__name__}: {error}" if is_ours else f"raises {type(error).__name__}"


FIRST = (
    "see test_every_story_plays_as_it_was_recorded first: nothing else can hold before that does"
)
MISS = (
    "make the connector ask what was recorded; if it asks something new on purpose, record again: "
    "avgate record"
)
