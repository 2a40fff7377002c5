"""What one upstream knows of the subject helps the others to find them.

The contract administration knows a person by more numbers and addresses than they themselves may
give, and since when. What it says goes to every other connector; one that has looked already looks
again, if that is something new to it. What a name card says is not passed on: its numbers have no
dates, and may be somebody else's by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from avgate_contracts.identifier import Identifier
from avgate_gateway import confidential
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.looking import CANNOT_FIND, LEARNED, obstacle
from avgate_gateway.flow.trouble import QUICK_TRIES
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.vault import Box


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Who the subject is to each connector, as far as is known by now."""

    context: Context
    request: SubjectRequest
    person: Confidential
    learned: dict[str, tuple[Identifier, ...]]  # by the connector that said so
    tasks: Sequence[Task]

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
            task.connector: confidential.identifiers_from_bytes(box.open(task.learned_box, LEARNED))
            for task in tasks
            if task.learned_box is not None
        }
        return cls(context, request, person, learned, tasks)

    def person_for(self, connector: str) -> Confidential:
        """The person as this connector may look for them: as given, and as others know them."""
        given = self.person.subject.identifiers
        known = {(i.kind, i.value) for i in given}
        more = [
            identifier
            for source, identifiers in self.learned.items()
            if source != connector
            for identifier in identifiers
            if (identifier.kind, identifier.value) not in known
        ]
        subject = replace(self.person.subject, identifiers=(*given, *dict.fromkeys(more)))
        return replace(self.person, subject=subject)

    def looked_with(self, connector: str) -> str:
        """A digest of what this connector can look by now: another one, and it has to look again."""
        desk = self.context.desks[self.request.controller]
        kinds = desk.connectors[connector].manifest.finds_by
        used = [i for i in self.person_for(connector).subject.identifiers if i.kind in kinds]
        told = sorted(f"{i.kind.value} {i.value} {i.valid_from} {i.valid_until}" for i in used)
        return self.context.vault.blind(self.request.controller, self.request.id, *told)

    def has_to_wait(self, task: Task) -> bool:
        """Whether it can find nobody yet, and another may still say by what."""
        if task.stage is not Stage.LOCATE or not self._cannot_find(task):
            return False
        return any(
            other.stage is Stage.LOCATE
            and other.attempts <= QUICK_TRIES
            and not self._cannot_find(other)
            for other in self.tasks
            if other.connector != task.connector
        )

    def _cannot_find(self, task: Task) -> bool:
        connector = self.context.desks[self.request.controller].connectors.get(task.connector)
        if connector is None:
            return False
        subject = self.person_for(task.connector).subject
        against = obstacle(connector, self.request.operation, subject)
        return against is not None and against[0] == CANNOT_FIND
