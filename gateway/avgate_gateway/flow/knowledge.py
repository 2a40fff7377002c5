"""What one upstream knows of the subject helps the others to find them.

The contract administration knows a person by more numbers and addresses than they themselves may
give, and since when. What it says goes to every other connector, and narrows what was given to its
days (`narrowing`); one that has looked already looks again, if that is something new to it. What a
name card says goes only to one that could look by nothing surer or by nothing that lasts, and
`learning` says what that is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar

from avgate_contracts.identifier import LASTING, Identifier
from avgate_contracts.vocabulary import Category, IdentifierKind
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.flow.learning import Card, Learned, opened
from avgate_gateway.flow.looking import obstacle
from avgate_gateway.flow.narrowing import Word, may_lead, narrowed
from avgate_gateway.flow.trouble import QUICK_TRIES
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.vault import Box

T = TypeVar("T")


def _once(work: Callable[..., T]) -> Callable[..., T]:
    """Works something out for a connector once: knowledge does not change while it is asked."""
    name = work.__name__

    @wraps(work)
    def asked(self: Knowledge, connector: str = "") -> T:
        if (name, connector) not in self._found:
            self._found[name, connector] = work(self, connector)
        found: T = self._found[name, connector]
        return found

    return asked


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Who the subject is to each connector, as far as is known by now."""

    context: Context
    request: SubjectRequest
    person: Confidential
    learned: dict[str, Learned]  # by the connector that said so
    tasks: Sequence[Task]
    # What follows from the above for a connector: asked for many times while nothing changes.
    _found: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        context: Context,
        request: SubjectRequest,
        person: Confidential,
        box: Box,
        tasks: Sequence[Task],
    ) -> Knowledge:
        learned = {
            task.connector: opened(task.learned_box, box)
            for task in tasks
            if task.learned_box is not None
        }
        return cls(context, request, person, learned, tasks)

    @_once
    def person_for(self, connector: str) -> Confidential:
        """The person as this connector may look for them: as given, and as others know them."""
        on_cards = (i for card in self.cards_for(connector) for i in card.identifiers)
        known = dict.fromkeys((*self._sure(connector), *on_cards))
        return self._person(tuple(known))

    @_once
    def cards_for(self, connector: str) -> tuple[Card, ...]:
        """What name cards elsewhere add for a connector that can look by nothing surer.

        And for one that knows people by numbers alone: by no number it finds all of a person.
        """
        if self._finds_all(connector) and self._is_usable(
            connector, self._sure(connector, own=False)
        ):
            return ()
        known = [(i.kind, i.value) for i in (*self._sure(connector), *self._stated(connector))]
        others = (told.card for source, told in self.learned.items() if source != connector)
        return tuple(card.without(known) for card in others if card.names)

    def _sure(self, connector: str, *, own: bool = True) -> tuple[Identifier, ...]:
        """As given, and as others say for sure.

        And as it says itself, where it found them by nothing that lasts: a number leads to its days
        alone, a name card to what bears the name, and whoever was found so has more there.
        """
        known = {(i.kind, i.value) for i in self.person.subject.identifiers}
        more = [i for i in self._stated(connector) if (i.kind, i.value) not in known]
        told = (*self._given(connector), *more)
        if (
            own
            and connector in self.learned
            and not self._is_usable(connector, (i for i in told if i.lasts))
        ):
            told = (*told, *self.learned[connector].sure)
        return tuple(dict.fromkeys(told))

    @_once
    def _stated(self, connector: str) -> list[Identifier]:
        """What the contract administrations other than this connector say."""
        others = (told for source, told in self.learned.items() if source != connector)
        return [identifier for told in others for identifier in told.sure]

    @_once
    def _given(self, connector: str) -> tuple[Identifier, ...]:
        """What was given, on the days on which it may lead this connector anywhere."""
        given = self.person.subject.identifiers
        if self._states_days(connector):
            return given
        stated = {(i.kind, i.value) for i in self._stated(connector)}
        lasting = [i for i in (*given, *self._stated(connector)) if i.lasts]
        word, is_all = self._word(), not self._is_usable(connector, lasting)
        found: list[Identifier] = []
        for one in given:
            if (one.kind, one.value) in stated:
                found.extend(narrowed(one, self._stated(connector)))
            elif may_lead(one, word, self.request.operation, is_all_there_is=is_all):
                found.append(one)
        return tuple(found)

    @_once
    def left_out(self, connector: str) -> frozenset[IdentifierKind]:
        """Kinds of what was given that lead this connector nowhere, for want of their days."""
        found, stays = self._desk.connectors.get(connector), self._given(connector)
        settled = {(i.kind, i.value) for i in (*stays, *self._stated(connector))}
        given = self.person.subject.identifiers
        kinds = {i.kind for i in given if (i.kind, i.value) not in settled}
        return frozenset(kinds & found.manifest.finds_by if found else ())

    @_once
    def _word(self, _: str = "") -> Word:
        told = [task for task in self.tasks if self._states_days(task.connector)]
        if any(t.learned_box is None and t.stage in _UNANSWERED for t in told):
            return Word.OUTSTANDING
        return Word.GIVEN if any(t.learned_box is not None for t in told) else Word.NOBODYS

    @_once
    def _states_days(self, connector: str) -> bool:
        """Whether it is a contract administration: it knows since when a number is somebody's."""
        found = self._desk.connectors.get(connector)
        return found is not None and Category.CONTACT in found.manifest.holds

    def _finds_all(self, connector: str) -> bool:
        found = self._desk.connectors.get(connector)
        return found is None or not found.manifest.finds_by.isdisjoint(LASTING)

    def _is_usable(self, connector: str, identifiers: Iterable[Identifier]) -> bool:
        found = self._desk.connectors.get(connector)
        return found is None or any(i.kind in found.manifest.finds_by for i in identifiers)

    @property
    def _desk(self) -> Desk:
        return self.context.desks[self.request.controller]

    def _person(self, identifiers: tuple[Identifier, ...]) -> Confidential:
        return replace(self.person, subject=replace(self.person.subject, identifiers=identifiers))

    def looked_with(self, connector: str) -> str:
        """A digest of what this connector can look by now: another one, and it has to look again."""
        kinds = self._desk.connectors[connector].manifest.finds_by
        on_cards = {i for card in self.cards_for(connector) for i in card.identifiers}
        used = [i for i in self.person_for(connector).subject.identifiers if i.kind in kinds]
        told = sorted(
            f"{i.kind} {i.value} {i.valid_from} {i.valid_until} {i in on_cards}" for i in used
        )
        told += sorted(self.left_out(connector))
        return self.context.vault.blind(self.request.controller, self.request.id, *told)

    def has_to_wait(self, task: Task) -> bool:
        """Whether it can find nobody yet, or not by all that was given, and another may help."""
        if task.stage is not Stage.LOCATE:
            return False
        if not (self._cannot_find(task) or self._awaits_days(task.connector)):
            return False
        return any(
            other.stage is Stage.LOCATE
            and other.attempts <= QUICK_TRIES
            and other.connector not in self.context.paused(self.request.controller)
            and not self._cannot_find(other)
            and (self._cannot_find(task) or self._states_days(other.connector))
            for other in self.tasks
            if other.connector != task.connector
        )

    def _awaits_days(self, connector: str) -> bool:
        """Whether a number that was given leads it nowhere as long as its days are not stated."""
        return self._word() is Word.OUTSTANDING and bool(self.left_out(connector))

    def _cannot_find(self, task: Task) -> bool:
        connector = self._desk.connectors.get(task.connector)
        if connector is None:
            return False
        subject = self.person_for(task.connector).subject
        against = obstacle(connector, self.request.operation, subject)
        return against is not None and against[0] is TaskCode.CANNOT_FIND


_UNANSWERED = frozenset({Stage.LOCATE, Stage.STUCK})
