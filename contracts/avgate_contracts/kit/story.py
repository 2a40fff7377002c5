"""The fixed scripts that are recorded once per connector, and replayed by every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from avgate_contracts.connector import (
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
    SupportsExport,
    SupportsRectify,
)
from avgate_contracts.errors import UnavailableError
from avgate_contracts.kit.stage import Cast, Stage, opened
from avgate_contracts.outcome import ItemOutcome, Outcome, Pending
from avgate_contracts.record import FieldChange, Finding, ItemChange, ItemRef, Record
from avgate_contracts.vocabulary import Field

STORIES = ("check", "access", "nobody", "export", "rectify", "erase")
ERASE_KEY, RECTIFY_KEY = "kit-erase-1", "kit-rectify-1"
FILES = ": files"  # ends the name under which the calls for attachments are seen
_LOOKS = 20  # times that a pending outcome is looked at again
_A_WHILE = 60.0  # seconds until the next try, where the upstream does not say


class StoryError(AssertionError):
    """A story cannot be played to its end with this subject and this upstream."""


@dataclass(slots=True)
class Step:
    """One call of a fresh connector, and all that it gave."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    held: list[ItemRef] = field(default_factory=list)
    given: tuple[ItemRef, ...] = ()
    files: int = 0  # bytes read from attachments

    @property
    def records(self) -> list[Record]:
        """What was found, without the parts that could not be looked into."""
        return [finding for finding in self.findings if isinstance(finding, Record)]

    @property
    def by_ref(self) -> dict[str, Outcome]:
        """The last outcome of each item."""
        return {each.ref: each.outcome for each in self.outcomes}


class Play:
    """One playing of one story; what came before a failure can be read from it afterwards.

    `key`: what the keys of writes are made of. `patient`: an upstream that is away for a while is
    asked again, as the gateway would.
    """

    def __init__(
        self, cast_: Cast, stage: Stage, *, key: str | None = None, patient: bool = False
    ) -> None:
        self._cast = cast_
        self.stage = stage
        self._key = key
        self._patient = patient
        self.steps: list[Step] = []

    def step(self, name: str) -> Step:
        """The step of this name; raises StoryError if the story did not come so far."""
        for step in self.steps:
            if step.name == name:
                return step
        raise StoryError(f"the story never came to the step {name!r}")

    async def play(self, story: str) -> None:
        """Plays one story to its end; raises what the connector raises."""
        scripts = {"check": self._check, "rectify": self._rectify, "erase": self._erase}
        if story in scripts:
            await scripts[story]()
        else:
            await self.find(story, export=story == "export")

    async def _check(self) -> None:
        async with self._begun("check") as (_, connector):
            await connector.check()

    async def find(self, name: str, *, export: bool = False) -> Step:
        """All that is held, in one step."""
        whom = self._cast.stranger if name == "nobody" else self._cast.subject
        async with self._begun(name) as (step, connector):
            found = connector.export(whom) if export else connector.access(whom)
            async for finding in found:
                step.findings.append(finding)
            if name == self._cast.reads_files_in:
                await self._read_files(step)
        return step

    async def write(self, name: str, items: Sequence[ItemRef]) -> Step:
        """Erases in one step, and then waits until every outcome has settled."""
        async with self._begun(name, items) as (step, connector):
            step.outcomes += await connector.erase(items, key=self._key or ERASE_KEY)
        return step

    async def change(self, name: str, changes: Sequence[ItemChange]) -> Step:
        """Rectifies in one step."""
        items = [change.item for change in changes]
        async with self._begun(name, items) as (step, connector):
            step.outcomes += await connector.rectify(changes, key=self._key or RECTIFY_KEY)
        return step

    async def settle(self, step: Step) -> None:
        """Looks again at what is pending until nothing is, letting the time pass meanwhile."""
        for look in range(_LOOKS):
            jobs = _jobs(step)
            if not jobs:
                return
            if not self._cast.supports(SupportsConfirm):
                raise StoryError(f"{step.name}: Pending, and the connector cannot confirm")
            await self._until(max(outcome.look_again_at for outcome, _ in jobs.values()))
            async with self._begun(f"{step.name}: confirm {look + 1}") as (_, connector):
                for job, (_, items) in jobs.items():
                    step.outcomes += await connector.confirm(job, items)
        raise StoryError(f"{step.name}: still Pending after {_LOOKS} looks")

    async def _erase(self) -> None:
        items = [record.item for record in (await self.find("access")).records]
        if not items:
            raise StoryError("nothing is held of the subject, so nothing can be erased")
        await self._settled("erase one", items[:1])
        await self.find("access after one")
        await self._settled("erase all", items)
        async with self._begun("still held", items) as (step, connector):
            step.held += await connector.still_held(items)
        await self.find("access after all")
        await self._settled("erase again", items)

    async def _rectify(self) -> None:
        changes = wanted((await self.find("access")).records, self._cast.changes)
        if not changes:
            raise StoryError("no record of the subject has a field that `changes` names")
        await self._settled("rectify", changes)
        await self.find("access after")
        await self._settled("rectify again", changes)

    async def _settled(self, name: str, what: Sequence[ItemRef] | Sequence[ItemChange]) -> None:
        """A write, asked for again while the upstream is away, and looked at until it settles."""
        for look in range(_LOOKS):
            try:
                if isinstance(what[0], ItemChange):
                    step = await self.change(name, cast("Sequence[ItemChange]", what))
                else:
                    step = await self.write(name, cast("Sequence[ItemRef]", what))
            except UnavailableError as error:
                if not self._patient or look == _LOOKS - 1:
                    raise
                self.steps.pop()
                await self.stage.clock.sleep(error.after or _A_WHILE)
            else:
                await self.settle(step)
                return

    async def _read_files(self, step: Step) -> None:
        self.stage.transport.step = f"{step.name}{FILES}"
        for record in step.records:
            for attachment in record.attachments:
                async with attachment.open() as chunks:
                    async for chunk in chunks:
                        step.files += len(chunk)

    async def _until(self, moment: datetime) -> None:
        left = (moment - self.stage.clock.now()).total_seconds()
        if left > 0:
            await self.stage.clock.sleep(left)

    @asynccontextmanager
    async def _begun(
        self, name: str, given: Sequence[ItemRef] = ()
    ) -> AsyncIterator[tuple[Step, Any]]:
        """A fresh client and connector for each step: nothing is remembered but the items."""
        step = Step(name, given=tuple(given))
        self.steps.append(step)
        self.stage.transport.step = name
        async with opened(self._cast, self.stage) as connector:
            yield step, connector


def stories_of(connector: type[Any]) -> tuple[str, ...]:
    """The stories that a connector's capabilities call for."""
    has = connector.__mro__
    reads = SupportsAccess in has
    wanted_ = {
        "check": True,
        "access": reads,
        "nobody": reads,
        "export": SupportsExport in has,
        "rectify": reads and SupportsRectify in has,
        "erase": reads and SupportsErase in has,
    }
    return tuple(story for story in STORIES if wanted_[story])


def wanted(records: Sequence[Record], changes: Mapping[Field, str]) -> list[ItemChange]:
    """What to change in each item that has one of the fields, in the place of its first value."""
    found = []
    for record in records:
        due = [
            FieldChange(name, record.fields[name][0], after)
            for name, after in changes.items()
            if record.fields.get(name)
        ]
        if due:
            found.append(ItemChange(record.item, tuple(due)))
    return found


def _jobs(step: Step) -> dict[str, tuple[Pending, list[ItemRef]]]:
    jobs: dict[str, tuple[Pending, list[ItemRef]]] = {}
    outcomes = step.by_ref
    for item in step.given:
        outcome = outcomes.get(item.ref)
        if isinstance(outcome, Pending):
            jobs.setdefault(outcome.job, (outcome, []))[1].append(item)
    return jobs
