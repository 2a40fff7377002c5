"""Looks for what an upstream holds of a person, and sets aside what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from avgate_contracts.connector import Connector, SupportsAccess, SupportsExport
from avgate_contracts.day import local_day
from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Finding, Record, Unseen, WhyUnseen
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.learning import Card, Lesson
from avgate_gateway.request import Confidential, Scope
from avgate_gateway.store import tasks
from avgate_gateway.store.earlier import LeftEarlier, counted
from avgate_gateway.store.item import Item
from avgate_gateway.store.tasks import TaskCode
from avgate_gateway.vault import Box

# No person has as much: a list that has more has no end, and would fill the disk.
_MOST = 5_000_000
_ENDLESS = "the list of what is held of one person does not end: have that put right there"


class UnprovenError(Exception):
    """Something was found by name cards of other upstreams, and none of it says whose it is."""


@dataclass(slots=True)
class Look:
    """One look through an upstream; counts what it set aside, and notes what it could not see."""

    connector: Connector
    operation: Operation
    subject: DataSubject
    scope: Scope
    lesson: Lesson
    cards: tuple[Card, ...] = ()
    quarantined: int = 0
    aside: set[str] | None = field(default=None, repr=False)  # their references, if they are wanted
    shown: int = 0
    proven: int = 0
    left_out: int = 0
    unproven: int = 0
    unseen: list[Unseen] = field(default_factory=list)
    left: dict[str, Item] = field(default_factory=dict)  # by earlier erasures, and not seen yet
    most: int = _MOST  # findings; beyond, ContractBrokenError is raised

    @classmethod
    def of(cls, part: Part, person: Confidential, operation: Operation) -> Self:
        """The look that a stage takes for a request."""
        lesson = Lesson(local_day(part.context.now()))
        look = cls(
            part.connector, operation, person.subject, part.request.scope, lesson, part.cards
        )
        if part.left_out:
            look._note(Unseen(part.connector.manifest.title, WhyUnseen.DAYS_UNKNOWN, part.left_out))
        return look

    async def records(self) -> AsyncGenerator[Record, None]:
        """Records of this person and of nobody else, within the scope of the request."""
        known = self._known_for_sure()
        count = 0
        async for found in self._offered():
            count += 1
            if count > self.most:
                raise ContractBrokenError(_ENDLESS)
            if isinstance(found, Unseen):
                self._note(found)
            elif not self._is_theirs(found, known):
                self.quarantined += 1
                if self.aside is not None:
                    self.aside.add(found.item.ref)
            else:
                self.proven += 1
                self.left.pop(found.item.ref, None)
                self.lesson.hear(found)
                if self._is_asked_for(found.item.category):
                    yield found
                else:
                    self.left_out += 1

    def begins_anew(self, record: Record) -> bool:
        """Whether from this record on nothing of the look would stay: it looked by what finds less than was learned.

        Another look by that follows (`Knowledge.looked_with`), so a million calls need not be seen
        twice. Records of who somebody is are heard first, for two people may fit.
        """
        return (
            record.item.category is not Category.CONTACT
            and not self._finds_all(self.subject.identifiers)
            and self._finds_all(self.lesson.sure)
        )

    def _finds_all(self, identifiers: Iterable[Identifier]) -> bool:
        kinds = self.connector.manifest.finds_by
        return any(one.kind in kinds and one.lasts for one in identifiers)

    def left_earlier(self) -> tuple[LeftEarlier, ...]:
        """What an earlier erasure left and this look, now at its end, did not find."""
        return counted(row for row in self.left.values() if self._is_asked_for(row.category))

    def insist(self) -> None:
        """Raises UnprovenError where none of what was found can be told to be theirs."""
        if self.unproven and not self.proven:
            raise UnprovenError

    def _note(self, unseen: Unseen) -> None:
        """A part without an item may hold anything that its upstream may hold."""
        may_hold = [unseen.item.category] if unseen.item else self.connector.manifest.holds
        if any(self._is_asked_for(category) for category in may_hold):
            self.unseen.append(unseen)

    def _is_asked_for(self, category: Category) -> bool:
        return not self.scope.categories or category in self.scope.categories

    def _offered(self) -> AsyncIterator[Finding]:
        if self.operation is Operation.EXPORT and can(self.connector, SupportsExport):
            return self.connector.export(self.subject)
        if can(self.connector, SupportsAccess):
            return self.connector.access(self.subject)
        raise TypeError(f"{type(self.connector).__name__} cannot show what it holds")

    def _known_for_sure(self) -> DataSubject:
        """The subject without what only name cards say."""
        on_cards = {identifier for card in self.cards for identifier in card.identifiers}
        sure = tuple(i for i in self.subject.identifiers if i not in on_cards)
        return replace(self.subject, identifiers=sure)

    def _is_theirs(self, record: Record, known: DataSubject) -> bool:
        day = local_day(record.occurred_at) if record.occurred_at else None
        if known.known_by(record.identifiers, day):
            return True
        if any(card.is_of(record, day) for card in self.cards):
            return True
        self.unproven += self.subject.known_by(record.identifiers, day)
        return False


async def learn(part: Part, look: Look, box: Box) -> None:
    """Writes down what a look learned that begins anew."""
    now, learned = part.context.now(), look.lesson.sealed(box)
    async with part.context.database.write() as db:
        await tasks.change(db, part.request.id, part.name, now, learned_box=learned)


def obstacle(
    connector: Connector, operation: Operation, subject: DataSubject
) -> tuple[TaskCode, str] | None:
    """Why a connector cannot even look: a code and a sentence; None if it can."""
    relevance = connector.manifest.not_relevant.get(operation)
    if relevance is not None:
        return TaskCode.NOT_RELEVANT, relevance
    wanted = SupportsExport if operation is Operation.EXPORT else SupportsAccess
    if not can(connector, wanted):
        return TaskCode.UNSUPPORTED, f"there is no interface to {operation.value} here"
    if not any(i.kind in connector.manifest.finds_by for i in subject.identifiers):
        kinds = ", ".join(sorted(kind.value for kind in connector.manifest.finds_by))
        return (
            TaskCode.CANNOT_FIND,
            f"nobody can be looked up here by what is known; it takes one of: {kinds}",
        )
    return None
