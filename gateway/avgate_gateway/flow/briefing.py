"""What each connector is told before its part runs: who is looked for, as far as is known by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.flow.context import Context, Unsealed
from avgate_gateway.flow.knowledge import Knowledge
from avgate_gateway.flow.learning import Card
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.store.tasks import Task


class Briefing(TypedDict):
    person: Confidential | None
    looked_with: str | None
    cards: tuple[Card, ...]
    left_out: frozenset[IdentifierKind]


def briefing_of(known: Knowledge, task: Task) -> Briefing:
    is_loaded = task.connector in known.context.desks[known.request.controller].connectors
    return {
        "person": known.person_for(task.connector),
        "looked_with": known.looked_with(task.connector) if is_loaded else None,
        "cards": known.cards_for(task.connector) if is_loaded else (),
        "left_out": known.left_out(task.connector),
    }


def knowledge(
    context: Context, request: SubjectRequest, subject: Unsealed, all_tasks: Sequence[Task]
) -> Knowledge | None:
    if subject.person is None or subject.box is None:
        return None
    return Knowledge.of(context, request, subject.person, subject.box, all_tasks)
