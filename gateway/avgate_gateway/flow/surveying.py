"""What every system holds of a person, looked up live, for staff who are asked "do you know me?".

It goes by the rules of a request: what one system says leads the others, a number leads to its days
only, and what cannot be told to be this person's is set aside. But nothing is written, upstream or
here, and nothing is kept but numbers. So whoever can only be asked by a request of its own, as other
companies are, is not asked at all; nor is a system that somebody paused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from avgate_contracts.connector import Connector
from avgate_contracts.day import local_day
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ErasureWay, Record, Unseen, WhyUnseen
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Operation
from avgate_gateway.bulkheads import Bulkheads, named
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.flow.knowledge import Knowledge
from avgate_gateway.flow.learning import Lesson
from avgate_gateway.flow.looking import Look, UnprovenError, obstacle
from avgate_gateway.flow.surveyed import (
    Answer,
    Bounds,
    Left,
    Revealed,
    Silence,
    nothing_left,
)
from avgate_gateway.flow.tallying import Tally
from avgate_gateway.flow.trouble import trouble_of
from avgate_gateway.logs.fault import record as write_down
from avgate_gateway.request import EVERYTHING, Confidential, State, SubjectRequest
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.vault import SUBJECT_KEY, Box

_ROUNDS: Final = 4  # those who know days, those who waited for them, and again for what is new
_SILENCES: Final = {
    TaskCode.NOT_RELEVANT: Silence.NOT_RELEVANT,
    TaskCode.UNSUPPORTED: Silence.UNSUPPORTED,
    TaskCode.CANNOT_FIND: Silence.CANNOT_FIND,
    TaskCode.AMBIGUOUS: Silence.AMBIGUOUS,
    TaskCode.UNAVAILABLE: Silence.UNAVAILABLE,
    TaskCode.OUTCOME_UNKNOWN: Silence.UNAVAILABLE,
    TaskCode.REFUSED: Silence.REFUSED,
    TaskCode.MISCONFIGURED: Silence.MISCONFIGURED,
    TaskCode.CONTRACT_BROKEN: Silence.CONTRACT_BROKEN,
    TaskCode.FAULT: Silence.FAULT,
}
# Whoever said one of these looks again once more is known; the others have said all they will.
_OPEN_TO_MORE: Final = frozenset(
    {None, Silence.CANNOT_FIND, Silence.DAYS_UNKNOWN, Silence.UNPROVEN, Silence.AMBIGUOUS}
)


async def survey(
    context: Context,
    controller: str,
    identifiers: Sequence[Identifier],
    bulkheads: Bulkheads,
    *,
    bounds: Bounds | None = None,
    revealed: Revealed | None = None,
    clock: Callable[[], float] = time.monotonic,
    left: Left = nothing_left,
) -> list[Answer]:
    """Asks every system of a controller at once; an answer of each, in the order of their names."""
    desk = context.desks[controller]
    request = _nobodys(context, desk, identifiers)
    made = _Survey(
        context=context,
        desk=desk,
        bulkheads=bulkheads,
        bounds=bounds or Bounds(),
        revealed=revealed,
        clock=clock,
        left=left,
        request=request,
        person=Confidential(DataSubject(request.reference, tuple(identifiers))),
        box=_box_of_its_own(context, request),
    )
    made.begin()
    await made.run()
    return _without_mix_up([made.answers[name] for name in sorted(made.answers)])


def _nobodys(context: Context, desk: Desk, identifiers: Sequence[Identifier]) -> SubjectRequest:
    """The request that the rules go by; nobody made it, and it is recorded nowhere."""
    now = context.now()
    return SubjectRequest(
        id=str(uuid4()),
        controller=desk.name,
        client_id="",
        operation=Operation.ACCESS,
        state=State.RUNNING,
        waiting_for=None,
        received_at=now,
        promised=local_day(now),
        legal=local_day(now),
        reference=context.vault.reference(desk.name, identifiers),
        identifier_kinds=tuple(sorted({one.kind.value for one in identifiers})),
        language=desk.language,
        scope=EVERYTHING,
        version=0,
    )


def _box_of_its_own(context: Context, request: SubjectRequest) -> Box:
    """For what systems tell each other; its key is kept nowhere."""
    key = context.vault.new_key(request.id, SUBJECT_KEY)
    return context.vault.box(key, request.id, SUBJECT_KEY)


def _passes_on(connector: Connector) -> bool:
    """Whether it holds nothing itself: to look there is a request to other companies."""
    return ErasureWay.FORWARD in connector.manifest.erases.values()


def _without_mix_up(answers: list[Answer]) -> list[Answer]:
    """What one system knows counts for all: nothing is told where more than one person is meant."""
    if not any(one.silence is Silence.AMBIGUOUS for one in answers):
        return answers
    return [
        one
        if one.silence is not None
        else Answer(one.connector, one.title, one.seconds, Silence.HELD_BACK)
        for one in answers
    ]


@dataclass(slots=True)
class _Survey:
    context: Context
    desk: Desk
    bulkheads: Bulkheads
    bounds: Bounds
    revealed: Revealed | None
    clock: Callable[[], float]
    left: Left
    request: SubjectRequest
    person: Confidential = field(repr=False)
    box: Box = field(repr=False)
    tasks: dict[str, Task] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def begin(self) -> None:
        for name, connector in self.desk.connectors.items():
            title = connector.manifest.title
            if _passes_on(connector):
                self.answers[name] = Answer(name, title, silence=Silence.PASSED_ON)
            elif self._is_paused(name):
                self.answers[name] = Answer(name, title, silence=Silence.PAUSED)
            else:
                needs = connector.manifest.finds_by
                self.answers[name] = Answer(name, title, silence=Silence.CANNOT_FIND, needs=needs)
                now = self.context.now()
                self.tasks[name] = Task(self.request.id, name, Stage.LOCATE, 0, now)

    def _is_paused(self, name: str) -> bool:
        return name in self.context.paused(self.desk.name)

    async def run(self) -> None:
        """Each asks when it can be told by what to look, and again when more is known."""
        for _ in range(_ROUNDS):
            known = self._known()
            to_ask = [task for task in self.tasks.values() if task.stage is Stage.LOCATE]
            ready = [task.connector for task in to_ask if not known.has_to_wait(task)]
            if not ready:
                return
            async with asyncio.TaskGroup() as group:
                for name in ready:
                    group.create_task(self._ask(known, name))
            self._send_back()

    def _known(self) -> Knowledge:
        tasks = list(self.tasks.values())
        return Knowledge.of(self.context, self.request, self.person, self.box, tasks)

    def _send_back(self) -> None:
        known = self._known()
        for name, task in self.tasks.items():
            is_open = self.answers[name].silence in _OPEN_TO_MORE
            if is_open and task.looked_with not in {None, known.looked_with(name)}:
                self.tasks[name] = replace(task, stage=Stage.LOCATE)

    async def _ask(self, known: Knowledge, name: str) -> None:
        begun, before = self.clock(), self.answers[name]
        count = _Count.of(self, name, known)
        silence = Silence.PAUSED if self._is_paused(name) else count.obstacle
        if silence is None:
            silence = await self._tried(name, count, self.bounds.seconds - before.seconds)
        self._note(known, name, count, silence)
        spent = before.seconds + self.clock() - begun
        if silence is None:
            self.answers[name] = count.answer(name, spent)
            return
        takes = self.desk.connectors[name].manifest.finds_by
        needs = takes if silence is Silence.CANNOT_FIND else frozenset()
        self.answers[name] = Answer(name, before.title, spent, silence, needs)

    async def _tried(self, name: str, count: _Count, seconds: float) -> Silence | None:
        """Counts in its turn and within its time; why not, where that does not work out."""
        upstream = frozenset({named(self.desk.name, name)})
        try:
            async with asyncio.timeout(seconds), self.bulkheads.entered(upstream):
                count.look.left = await self.left(name, count.look.subject)
                await count.run()
        except TimeoutError:
            return Silence.SLOW
        except UnprovenError:
            return Silence.UNPROVEN
        except CutShortError:  # too many wait for it, or this process is ending
            return Silence.BUSY
        except Exception as error:  # noqa: BLE001 -- one system's fault must not silence the others
            code = trouble_of(error).code
            if code is TaskCode.FAULT:
                write_down(error)
            return _SILENCES.get(code, Silence.FAULT)
        return None

    def _note(self, known: Knowledge, name: str, count: _Count, silence: Silence | None) -> None:
        stage = Stage.DONE if silence in _OPEN_TO_MORE - {Silence.AMBIGUOUS} else Stage.STUCK
        self.tasks[name] = replace(
            self.tasks[name],
            stage=stage,
            looked_with=known.looked_with(name),
            learned_box=count.look.lesson.sealed(self.box) if silence is None else None,
        )


@dataclass(slots=True)
class _Count:
    """One look through one system."""

    look: Look
    tally: Tally
    obstacle: Silence | None
    most: int
    revealed: Revealed | None
    records: list[Record] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, survey: _Survey, name: str, known: Knowledge) -> _Count:
        connector, now = survey.desk.connectors[name], survey.context.now()
        subject, left_out = known.person_for(name).subject, known.left_out(name)
        look = Look(
            connector, Operation.ACCESS, subject, EVERYTHING, Lesson(local_day(now)),
            known.cards_for(name),
        )  # fmt: skip
        if left_out:
            part = connector.manifest.title
            look.unseen.append(Unseen(part, WhyUnseen.DAYS_UNKNOWN, left_out))
        against = obstacle(connector, Operation.ACCESS, subject)
        silence = _SILENCES.get(against[0], Silence.FAULT) if against else None
        if silence is Silence.CANNOT_FIND and left_out:
            silence = Silence.DAYS_UNKNOWN
        tally = Tally(survey.desk.pack, now, connector.manifest.after_service)
        revealed = survey.revealed
        is_it = revealed is not None and revealed.connector == name
        return cls(look, tally, silence, survey.bounds.most, revealed if is_it else None)

    async def run(self) -> None:
        """Raises what the connector raises, and UnprovenError."""
        async for found in self.look.records():
            if self.tally.add(found) and self._is_wanted(found):
                self.records.append(found)
            if self.tally.count >= self.most:
                break
        self.look.insist()

    def _is_wanted(self, found: Record) -> bool:
        one = self.revealed
        return (
            one is not None
            and found.item.category in one.categories
            and (len(self.records) < one.most)
        )

    def answer(self, name: str, seconds: float) -> Answer:
        return Answer(
            name,
            self.look.connector.manifest.title,
            seconds,
            lines=self.tally.lines(),
            set_aside=self.look.quarantined,
            unseen=tuple(self.look.unseen),
            left_earlier=self.look.left_earlier() if self.tally.count < self.most else (),
            is_all=self.tally.count < self.most,
            records=tuple(self.records),
        )
